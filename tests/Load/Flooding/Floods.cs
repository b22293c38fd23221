using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OrleansMatrix.Load.Flooding;

/// <summary>All the ways that are tried.</summary>
internal static class Floods
{
    private const string Api = "/_matrix/client/v3";
    private const int Large = 60_000;
    private static readonly byte[] s_picture = new byte[40_000_000];
    private static readonly string s_filler = new('x', Large);
    private static readonly string s_wholeTimeline = Uri.EscapeDataString("""{"room":{"timeline":{"limit":1000}}}""");

    public static IReadOnlyList<Flood> All { get; } =
    [
        new("initial syncs with 10 MB of account data", 25, FillAccountDataAsync, (attacker, http, _, stop) =>
            GetAsync(attacker, http, $"{Api}/sync", stop)),
        new("the same, read slowly", 50, FillAccountDataAsync, async (attacker, _, _, stop) =>
        {
            await attacker.ReadSlowlyAsync($"{Api}/sync", stop);
            return 200;
        }),
        new("pages and timelines of 60 kB messages", 25, FillRoomAsync, (attacker, http, number, stop) => GetAsync(
            attacker, http, number % 2 == 0 ? $"{Api}/rooms/{attacker.Room}/messages?dir=b&limit=1000" : $"{Api}/sync?filter={s_wholeTimeline}", stop)),
        new("60 kB messages", 10, NothingAsync, (attacker, http, number, stop) => PutAsync(
            attacker, http, $"{Api}/rooms/{attacker.Room}/send/m.room.message/{Unique(number)}", new JsonObject { ["msgtype"] = "m.text", ["body"] = s_filler },
            stop)),
        new("60 kB filters", 10, NothingAsync, (attacker, http, number, stop) => PostAsync(
            attacker, http, $"{Api}/user/{attacker.UserId}/filter",
            new JsonObject
            {
                ["room"] = new JsonObject { ["timeline"] = new JsonObject { ["types"] = new JsonArray(Unique(number) + s_filler[..50_000]) } },
            },
            stop)),
        new("60 kB to-device messages to all devices", 10, AddDevicesAsync, (attacker, http, number, stop) => PutAsync(
            attacker, http, $"{Api}/sendToDevice/m.made_up/{Unique(number)}",
            new JsonObject { ["messages"] = new JsonObject { [attacker.UserId] = new JsonObject { ["*"] = new JsonObject { ["body"] = s_filler } } } }, stop)),
        new("made-up access tokens", 25, NothingAsync, async (_, http, number, stop) => (await http.SendAsync(
            "GET", $"{Api}/account/whoami", "made_up_" + Unique(number), default, stop)).Status),
        new("receipts in made-up threads", 10, NothingAsync, (attacker, http, number, stop) => PostAsync(
            attacker, http, $"{Api}/rooms/{attacker.Room}/receipt/m.read/%24made_up{Unique(number)}",
            new JsonObject { ["thread_id"] = "$" + Unique(number) }, stop)),
        new("bodies that do not end", 100, NothingAsync, async (attacker, _, number, stop) =>
        {
            await attacker.WriteSlowlyAsync("PUT", $"{Api}/rooms/{attacker.Room}/send/m.room.message/{Unique(number)}", 900_000, stop);
            return 408;
        }),
        new("transactions that do not end, of nobody", 50, NothingAsync, async (attacker, _, number, stop) =>
        {
            await attacker.WriteSlowlyAsync("PUT", $"/_matrix/federation/v1/send/{Unique(number)}", 8_000_000, stop);
            return 408;
        }),
        new("uploads of 40 MB", 5, NothingAsync, async (attacker, http, _, stop) => (await http.SendAsync(
            "POST", "/_matrix/media/v3/upload", attacker.Token, s_picture, stop)).Status),
        new("searches", 10, FillRoomAsync, (attacker, http, number, stop) => PostAsync(
            attacker, http, $"{Api}/search",
            new JsonObject { ["search_categories"] = new JsonObject { ["room_events"] = new JsonObject { ["search_term"] = "xx " + Unique(number) } } }, stop)),
    ];

    private static Task NothingAsync(Attacker attacker, CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task FillAccountDataAsync(Attacker attacker, CancellationToken cancellationToken)
    {
        using var http = attacker.Connect();
        for (var i = 0; i < 170; i++)
            await PutAsync(attacker, http, $"{Api}/user/{attacker.UserId}/account_data/made_up.{i}", new JsonObject { ["body"] = s_filler }, cancellationToken);
    }

    private static async Task FillRoomAsync(Attacker attacker, CancellationToken cancellationToken)
    {
        using var http = attacker.Connect();
        for (var i = 0; i < 150; i++)
        {
            await PutAsync(
                attacker, http, $"{Api}/rooms/{attacker.Room}/send/m.room.message/{Unique(i)}",
                new JsonObject { ["msgtype"] = "m.text", ["body"] = s_filler }, cancellationToken);
        }
    }

    private static async Task AddDevicesAsync(Attacker attacker, CancellationToken cancellationToken)
    {
        using var http = attacker.Connect();
        for (var i = 0; i < 20; i++)
            await attacker.LogInAsync(http, cancellationToken);
    }

    private static async Task<int> GetAsync(Attacker attacker, HttpConnection http, string path, CancellationToken cancellationToken) =>
        (await http.SendAsync("GET", path, attacker.Token, default, cancellationToken)).Status;

    private static Task<int> PutAsync(Attacker attacker, HttpConnection http, string path, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync("PUT", attacker, http, path, body, cancellationToken);

    private static Task<int> PostAsync(Attacker attacker, HttpConnection http, string path, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync("POST", attacker, http, path, body, cancellationToken);

    private static async Task<int> SendAsync(
        string method, Attacker attacker, HttpConnection http, string path, JsonObject body, CancellationToken cancellationToken) =>
        (await http.SendAsync(method, path, attacker.Token, Encoding.UTF8.GetBytes(body.ToJsonString()), cancellationToken)).Status;

    private static string Unique(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9))}");
}
