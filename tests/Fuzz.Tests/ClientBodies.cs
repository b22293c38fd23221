namespace OrleansMatrix.Fuzz.Tests;

/// <summary>Bodies that clients send, by the end of the path; <c>&lt;kind&gt;</c> is some known thing, <c>&lt;any&gt;</c> a hostile value.</summary>
internal static class ClientBodies
{
    private const string Device = """
        {"user_id":"<userId>","device_id":"<deviceId>","algorithms":["a"],"keys":{"ed25519:<deviceId>":"k"},
        "signatures":{"<userId>":{"ed25519:<deviceId>":"s"}},"x":<any>}
        """;

    private const string OwnDevice = """
        {"user_id":"<own>","device_id":"<ownDevice>","algorithms":["a"],"keys":{"ed25519:<ownDevice>":"k"},
        "signatures":{"<own>":{"ed25519:<ownDevice>":"s"}},"x":<any>}
        """;

    private const string MasterKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    private const string Session = """{"first_message_index":1,"forwarded_count":0,"is_verified":true,"session_data":{"x":<any>}}""";
    private const string Password = $$"""{"type":"m.login.password","identifier":{"type":"m.id.user","user":"<own>"},"password":"{{FuzzClient.Password}}"}""";

    // The first that fits counts.
    private static readonly (string Part, string[] Bodies)[] s_bodies =
    [
        ("/sendToDevice/", [
            """{"messages":{"<userId>":{"*":{"a":<any>}}}}""",
            """{"messages":{"<userId>":{"<deviceId>":{"a":<any>}},"<userId>":{"*":{}}}}"""]),
        ("/keys/upload", [
            $$"""{"device_keys":{{OwnDevice}} }""",
            """{"one_time_keys":{"signed_curve25519:<n>":{"key":"k","x":<any>}}}""",
            """{"fallback_keys":{"signed_curve25519:f":{"key":"k","fallback":true,"x":<any>}}}"""]),
        ("/keys/query", ["""{"timeout":100,"device_keys":{"<userId>":[],"<userId>":["<deviceId>"]}}"""]),
        ("/keys/claim", ["""{"timeout":100,"one_time_keys":{"<userId>":{"<deviceId>":"signed_curve25519"}}}"""]),
        ("/device_signing/upload", [$$$"""
            {"auth":<auth>,"master_key":{"user_id":"<own>","usage":["master"],"keys":{"ed25519:{{{MasterKey}}}":"{{{MasterKey}}}"},"x":<any>}}
            """]),
        ("/signatures/upload", ["""{"<own>":{"<ownDevice>":<deviceKeys>}}"""]),
        ("/send/", [
            """{"msgtype":"m.text","body":"needle","x":<any>}""",
            """
            {"msgtype":"m.text","body":"b","m.relates_to":{"rel_type":"<relType>","event_id":"<eventId>","key":"k"},
            "m.mentions":{"user_ids":["<userId>"]}}
            """]),
        ("/state/", [
            """{"name":"n","topic":"t","x":<any>}""",
            """{"membership":"<membership>","displayname":"d"}""",
            """{"join_rule":"public","allow":["*"],"via":["<serverName>"],"history_visibility":"shared","algorithm":"a"}""",
            """{"users":{"<userId>":50},"users_default":0,"events":{"x":1},"ban":50,"kick":50,"invite":0}""",
            """{"alias":"<roomAlias>","alt_aliases":[],"replacement_room":"<roomId>","body":"b"}"""]),
        ("/redact/", ["""{"reason":"r"}"""]),
        ("/createRoom", [
            """{"preset":"<preset>","room_version":"<roomVersion>","name":"n","invite":["<userId>"],"creation_content":{"x":<any>}}""",
            """
            {"preset":"public_chat","room_alias_name":"<n>","initial_state":[{"type":"m.test","content":{"x":<any>}}],
            "power_level_content_override":{"users_default":0}}
            """]),
        ("/account_data/", ["""{"x":<any>}""", """{"ignored_users":{"<userId>":{}}}""", """{"<userId>":["<roomId>"]}"""]),
        ("/profile/", ["""{"displayname":"d","avatar_url":"mxc://a/b","m.tz":"UTC","org.example.x":<any>}"""]),
        ("/pushers/set", ["""
            {"kind":"http","app_id":"a","pushkey":"<n>","app_display_name":"a","device_display_name":"d","lang":"en",
            "data":{"url":"https://127.0.0.1:1/_matrix/push/v1/notify","x":<any>}}
            """]),
        ("/enabled", ["""{"enabled":true}"""]),
        ("/actions", ["""{"actions":["notify",{"set_tweak":"sound","value":<any>}]}"""]),
        ("/pushrules/", ["""
            {"actions":["notify"],"pattern":"*a*b*","conditions":[{"kind":"event_match","key":"content.body","pattern":"n*d?e"},
            {"kind":"event_property_is","key":"content.x","value":<any>}]}
            """]),
        ("/filter", ["""
            {"event_fields":["type","content.x"],"room":{"timeline":{"limit":5,"types":["m.*"]},"state":{"lazy_load_members":true}},"x":<any>}
            """]),
        ("/room_keys/version", ["""{"algorithm":"m.megolm_backup.v1.curve25519-aes-sha2","auth_data":{"public_key":"k","x":<any>}}"""]),
        ("/room_keys/keys/{roomId}/{sessionId}", [Session]),
        ("/room_keys/keys/{roomId}", [$$$"""{"sessions":{"<sessionId>":{{{Session}}} } }"""]),
        ("/room_keys/keys", [$$$"""{"rooms":{"<roomId>":{"sessions":{"<sessionId>":{{{Session}}} } } } }"""]),
        ("/search", [
            """
            {"search_categories":{"room_events":{"search_term":"needle","filter":{"limit":10},"event_context":{"before_limit":2},
            "groupings":{"group_by":[{"key":"room_id"}]}}}}
            """,
            """{"search_term":"a","limit":5}"""]),
        ("/publicRooms", ["""{"limit":5,"filter":{"generic_search_term":"n","room_types":[null]}}"""]),
        ("/directory/room/", ["""{"room_id":"<roomId>"}"""]),
        ("/directory/list", ["""{"visibility":"public"}"""]),
        ("/typing/", ["""{"typing":true,"timeout":1000}"""]),
        ("/receipt/", ["""{"thread_id":"main"}""", "{}"]),
        ("/read_markers", ["""{"m.fully_read":"<eventId>","m.read":"<eventId>"}"""]),
        ("/presence/", ["""{"presence":"<presence>","status_msg":"s"}"""]),
        ("/tags/", ["""{"order":0.5,"x":<any>}"""]),
        ("/devices/", ["""{"display_name":"d","auth":<auth>}"""]),
        ("/delete_devices", ["""{"devices":["<deviceId>"],"auth":<auth>}"""]),
        ("/deactivate", ["""{"erase":true,"auth":<auth>}"""]),
        ("/account/password", ["""{"new_password":"fuzz","logout_devices":false,"auth":<auth>}"""]),
        ("/upgrade", ["""{"new_version":"<roomVersion>"}"""]),
        ("/login", [Password]),
        ("/register", ["""{"username":"<n>","password":"fuzz","auth":{"type":"m.login.dummy"}}"""]),
        ("/report", ["""{"reason":"r","score":-1}"""]),
        ("/kick", ["""{"user_id":"<userId>","reason":"r"}"""]),
        ("ban", ["""{"user_id":"<userId>","reason":"r"}"""]),
        ("/invite", [
            """{"user_id":"<userId>","reason":"r"}""",
            """{"id_server":"x.test","id_access_token":"t","medium":"email","address":"a@b.c"}"""]),
    ];

    /// <summary>A body for an endpoint, not filled in yet.</summary>
    public static string For(string path, Random random)
    {
        var bodies = s_bodies.FirstOrDefault(b => path.Contains(b.Part, StringComparison.Ordinal)).Bodies;
        return bodies is null ? """{"reason":"r","x":<any>}""" : bodies[random.Next(bodies.Length)]
            .Replace("<deviceKeys>", Device, StringComparison.Ordinal).Replace("<auth>", Password, StringComparison.Ordinal);
    }
}
