# The native executable (docs/adr/0040) and what it needs of a system: OpenSSL, and libvips for thumbnails.
FROM mcr.microsoft.com/dotnet/sdk:10.0.401-noble AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc zlib1g-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY .editorconfig BannedSymbols.txt Directory.Build.props Directory.Packages.props global.json ./
COPY src src
COPY gateway gateway
COPY silo silo
RUN dotnet publish silo -c Release -r linux-x64 -o /out

FROM mcr.microsoft.com/dotnet/runtime-deps:10.0.12-noble
RUN apt-get update && apt-get install -y --no-install-recommends curl libvips-tools && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /app
RUN install -d -o 1654 -g 1654 /data
ENV Matrix__DataDirectory=/data \
    Kestrel__Endpoints__Http__Url=http://*:8008
USER 1654:1654
VOLUME /data
EXPOSE 8008 11111 30000
# Whether the process answers. Whether it should be sent requests is for what stands in front of it: /health/ready.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10m --start-interval=1s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8008/health/live"]
ENTRYPOINT ["/app/OrleansMatrix"]
