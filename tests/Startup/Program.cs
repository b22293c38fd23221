var app = WebApplication.CreateSlimBuilder(args).Build();
app.MapGet("/_matrix/client/versions", (HttpContext context) => context.Response.WriteAsync("{}"));
app.Run();
