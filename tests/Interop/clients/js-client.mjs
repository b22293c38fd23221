// A Matrix user driven over standard input and output, on matrix-js-sdk with its Rust crypto. One JSON request a line ({id, op, ...}), one JSON answer a line.
import "fake-indexeddb/auto";
import { createInterface } from "node:readline";
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";

logger.setLevel("warn");
for (const level of ["log", "info", "debug", "warn", "trace"]) console[level] = (...args) => console.error(...args);

const seen = [];
const waiters = [];
let client;

function note(item) {
    seen.push(item);
    for (const waiter of [...waiters]) waiter();
}

// True if every member of the pattern is in the item, at every depth.
function matches(item, pattern) {
    if (typeof pattern !== "object" || pattern === null) return item === pattern;
    return typeof item === "object" && item !== null && Object.keys(pattern).every((key) => matches(item[key], pattern[key]));
}

function noteEvent(event) {
    if (event.isBeingDecrypted() || (event.isEncrypted() && event.getType() === "m.room.encrypted" && !event.isDecryptionFailure())) return;
    note({
        kind: event.isDecryptionFailure() ? "undecryptable" : "event", event_id: event.getId(), room_id: event.getRoomId(), type: event.getType(), sender: event.getSender(),
        content: event.getContent(), relation: event.getRelation(), encrypted: event.isEncrypted(),
    });
}

async function start(baseUrl, session) {
    client = sdk.createClient({
        baseUrl, userId: session.user_id, accessToken: session.access_token, deviceId: session.device_id, logger,
        cryptoCallbacks: {},
    });
    await client.initRustCrypto({ useIndexedDB: false });
    // Tries again at once when a sync failed, as a user does who is told that there is no connection: by itself the library waits for up to 10 s between tries.
    client.on(sdk.ClientEvent.Sync, (state) => {
        if (state === "RECONNECTING" || state === "ERROR") setTimeout(() => client.retryImmediately(), 200);
    });
    client.on(sdk.RoomEvent.Timeline, (event) => noteEvent(event));
    client.on(sdk.MatrixEventEvent.Decrypted, (event) => noteEvent(event));
    client.on(sdk.RoomEvent.Redaction, (event) => note({ kind: "redaction", redacts: event.event.redacts ?? event.getContent().redacts, sender: event.getSender() }));
    client.on(sdk.RoomMemberEvent.Typing, (_event, member) => note({ kind: "typing", user_id: member.userId, typing: member.typing }));
    client.on(sdk.RoomEvent.MyMembership, (room, membership) => note({ kind: "membership", room_id: room.roomId, membership }));
    client.on(sdk.RoomEvent.Receipt, (event, room) => {
        for (const [eventId, byType] of Object.entries(event.getContent()))
            for (const [type, byUser] of Object.entries(byType))
                for (const user of Object.keys(byUser)) note({ kind: "receipt", room_id: room.roomId, event_id: eventId, type, user_id: user });
    });
    await client.startClient({ initialSyncLimit: 20, lazyLoadMembers: true, pollTimeout: 10000 });
    await new Promise((resolve) => {
        const ready = (state) => state === "PREPARED" && (client.off(sdk.ClientEvent.Sync, ready), resolve());
        client.on(sdk.ClientEvent.Sync, ready);
    });
    return { user_id: session.user_id, device_id: session.device_id };
}

const operations = {
    async register({ url, username, password }) {
        const session = await sdk.createClient({ baseUrl: url, logger }).registerRequest({ username, password, auth: { type: "m.login.dummy" } });
        return { user_id: session.user_id, access_token: session.access_token };
    },
    async login({ url, username, password }) {
        const session = await sdk.createClient({ baseUrl: url, logger })
            .loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user: username }, password, initial_device_display_name: "interop js" });
        return start(url, session);
    },
    async create_room({ invite, encrypted }) {
        const state = encrypted ? [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }] : [];
        const { room_id } = await client.createRoom({ preset: "private_chat", invite, initial_state: state, name: "Interop" });
        return { room_id };
    },
    async create({ options }) { return client.createRoom(options); },
    async join({ room_id, via }) {
        // While its last sync says that the user is in the room, the library answers a join by itself, without asking the server.
        for (let tries = 0; client.getRoom(room_id)?.getMyMembership() === "join"; tries++) {
            if (tries === 400) throw new Error(`${room_id}: the sync has not told that the user left it`);
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await client.joinRoom(room_id, { viaServers: via });
        return {};
    },
    async knock({ room_id, via }) { return client.knockRoom(room_id, { viaServers: via, reason: "please" }); },
    async invite({ room_id, user_id }) { return client.invite(room_id, user_id); },
    async leave({ room_id }) { return client.leave(room_id); },
    async ban({ room_id, user_id }) { return client.ban(room_id, user_id, "enough"); },
    async unban({ room_id, user_id }) { return client.unban(room_id, user_id); },
    async upgrade({ room_id, version }) { return client.upgradeRoom(room_id, version); },
    async state({ room_id, type, state_key }) { return client.getStateEvent(room_id, type, state_key); },
    async set_state({ room_id, type, state_key, content }) { return client.sendStateEvent(room_id, type, content, state_key); },
    // Waits until the library knows a device of a user with whom it shares an encrypted room.
    async device({ user_id, device_id }) {
        for (let attempt = 0; attempt < 400; attempt++) {
            if ((await client.getCrypto().getUserDeviceInfo([user_id], false)).get(user_id)?.has(device_id)) return {};
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error(`${device_id} of ${user_id} is not known`);
    },
    // Waits until the library knows that the room is encrypted.
    async encrypted({ room_id }) {
        for (let attempt = 0; attempt < 200; attempt++) {
            if (client.getRoom(room_id)?.hasEncryptionStateEvent()) return {};
            await new Promise((resolve) => setTimeout(resolve, 50));
        }
        throw new Error("the room is not known as encrypted");
    },
    async send({ room_id, type, content }) {
        // The library encrypts only for a room whose encryption event and members it knows.
        return client.sendEvent(room_id, type, content);
    },
    // Sends until it is sent, as a user does who presses the button again: with the same transaction id.
    async send_stubbornly({ room_id, type, content }) {
        const txnId = client.makeTxnId();
        let attempt = client.sendEvent(room_id, type, content, txnId);
        const room = client.getRoom(room_id);
        // Found until the server has told of it.
        const event = room.getEventForTxnId(txnId);
        for (;;) {
            try {
                return await attempt;
            } catch {
                await new Promise((resolve) => setTimeout(resolve, 100));
                // It came back in a sync: it was sent.
                if (event.status === null) return { event_id: event.getId() };
                attempt = client.resendEvent(event, room);
            }
        }
    },
    async all({ match }) { return seen.filter((item) => matches(item, match)); },
    async redact({ room_id, event_id }) { return client.redactEvent(room_id, event_id); },
    async typing({ room_id, typing }) { await client.sendTyping(room_id, typing, 20000); return {}; },
    async receipt({ room_id, event_id }) {
        await client.sendReadReceipt(client.getRoom(room_id).findEventById(event_id));
        return {};
    },
    async upload({ text }) {
        const { content_uri } = await client.uploadContent(new Blob([text], { type: "text/plain" }), { name: "note.txt", type: "text/plain" });
        return { content_uri };
    },
    async download({ content_uri }) {
        const url = client.mxcUrlToHttp(content_uri, undefined, undefined, undefined, false, true, true);
        const answer = await fetch(url, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });
        return { status: answer.status, text: await answer.text(), content_type: answer.headers.get("content-type") };
    },
    async wait({ match, timeout_ms }) {
        const find = () => seen.find((item) => matches(item, match));
        return await new Promise((resolve, reject) => {
            const timer = setTimeout(() => { stop(); reject(new Error(`nothing matched ${JSON.stringify(match)}; seen: ${JSON.stringify(seen.slice(-30))}`)); }, timeout_ms);
            const check = () => { const found = find(); if (found) { stop(); resolve(found); } };
            const stop = () => { clearTimeout(timer); const at = waiters.indexOf(check); if (at >= 0) waiters.splice(at, 1); };
            waiters.push(check);
            check();
        });
    },
    async logout() {
        const token = client.getAccessToken();
        client.stopClient();
        await client.logout(false);
        const answer = await fetch(`${client.getHomeserverUrl()}/_matrix/client/v3/account/whoami`, { headers: { Authorization: `Bearer ${token}` } });
        return { whoami_status: answer.status };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    operations[request.op](request).then(
        (result) => process.stdout.write(JSON.stringify({ id: request.id, result }) + "\n"),
        (error) => process.stdout.write(JSON.stringify({ id: request.id, error: String(error?.stack ?? error) }) + "\n"));
}
process.exit(0);
