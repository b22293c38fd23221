"""A Matrix user driven over standard input and output, on matrix-nio with libolm.

One JSON request a line ({id, op, ...}), one JSON answer a line.
"""
import asyncio
import json
import sys
import tempfile
from urllib.parse import quote as quote_path, urlencode
from uuid import uuid4

import aiohttp
import nio

SEEN = []
CHANGED = asyncio.Condition()

# What the library raises when the server is away. TypeError: what it makes of some answers that are errors.
AWAY = (aiohttp.ClientError, asyncio.TimeoutError, TypeError)


def matches(item, pattern):
    """True if every member of the pattern is in the item, at every depth."""
    if not isinstance(pattern, dict):
        return item == pattern
    return isinstance(item, dict) and all(key in item and matches(item[key], value) for key, value in pattern.items())


async def note(item):
    async with CHANGED:
        SEEN.append(item)
        CHANGED.notify_all()


def quote(text):
    return quote_path(text, safe="")


def checked(response):
    if isinstance(response, nio.ErrorResponse) or "Error" in type(response).__name__:
        raise RuntimeError(str(response))
    return response


class User:
    def __init__(self):
        self.client = None
        self.syncing = None
        self.synced = asyncio.Event()
        self.store = tempfile.TemporaryDirectory()

    def connect(self, url, username):
        self.client = nio.AsyncClient(
            url, username, store_path=self.store.name,
            config=nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True, max_timeouts=3))

    async def register(self, url, username, password, **_):
        self.connect(url, username)
        response = checked(await self.client.register(username, password, device_name="interop nio"))
        user = {"user_id": response.user_id, "access_token": response.access_token}
        await self.client.close()
        return user

    async def login(self, url, username, password, **_):
        self.connect(url, username)
        response = checked(await self.client.login(password, device_name="interop nio"))
        self.client.add_event_callback(self.on_event, nio.Event)
        self.client.add_event_callback(self.on_invite, nio.InviteMemberEvent)
        self.client.add_ephemeral_callback(self.on_typing, nio.TypingNoticeEvent)
        self.client.add_ephemeral_callback(self.on_receipt, nio.ReceiptEvent)
        self.syncing = asyncio.create_task(self.sync())
        await self.synced.wait()
        return {"user_id": response.user_id, "device_id": response.device_id}

    async def sync(self):
        """What the library's own loop does, one after the other. That loop ends when one of its requests fails, and leaves the others behind, which go on."""
        is_first = True
        while True:
            try:
                response = await self.client.sync(timeout=0 if is_first else 10000, full_state=is_first)
                if not isinstance(response, nio.SyncResponse):
                    print(f"sync: {response}", file=sys.stderr, flush=True)
                    await asyncio.sleep(0.1)
                    continue
                await self.client.send_to_device_messages()
                if self.client.should_upload_keys:
                    await self.client.keys_upload()
                if self.client.should_query_keys:
                    await self.client.keys_query()
                if self.client.should_claim_keys:
                    await self.client.keys_claim(self.client.get_users_for_key_claiming())
                is_first = False
                self.synced.set()
            except AWAY as error:
                print(f"sync: {error!r}", file=sys.stderr, flush=True)
                await asyncio.sleep(0.1)

    async def on_event(self, room, event):
        source = event.source
        if isinstance(event, (nio.RedactionEvent,)):
            await note({"kind": "redaction", "redacts": event.redacts, "sender": event.sender})
        kind = "undecryptable" if isinstance(event, nio.MegolmEvent) else "event"
        await note({
            "kind": kind, "event_id": event.event_id, "room_id": room.room_id, "type": source.get("type"), "sender": event.sender,
            "content": source.get("content", {}), "relation": source.get("content", {}).get("m.relates_to"), "encrypted": bool(getattr(event, "decrypted", False))})

    async def on_invite(self, room, event):
        if event.state_key == self.client.user_id:
            await note({"kind": "membership", "room_id": room.room_id, "membership": event.membership})

    async def on_typing(self, room, event):
        for user in event.users:
            await note({"kind": "typing", "user_id": user, "typing": True})

    async def on_receipt(self, room, event):
        for receipt in event.receipts:
            await note({"kind": "receipt", "room_id": room.room_id, "event_id": receipt.event_id, "type": receipt.receipt_type, "user_id": receipt.user_id})

    async def create_room(self, invite, encrypted, **_):
        state = [{"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}] if encrypted else []
        response = checked(await self.client.room_create(preset=nio.RoomPreset.private_chat, invite=invite, initial_state=state, name="Interop"))
        return {"room_id": response.room_id}

    async def create(self, options, **_):
        return await self.request("POST", "createRoom", options)

    async def join(self, room_id, via=(), **_):
        # The library's own join knows no servers to join through, and it sends to rooms only that it has seen in a sync.
        answer = await self.request("POST", f"join/{quote(room_id)}?{urlencode([('via', server) for server in via])}", {})
        for _attempt in range(400):
            if room_id in self.client.rooms:
                return answer
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{room_id} is not in the sync")

    async def knock(self, room_id, via=(), **_):
        return await self.request("POST", f"knock/{quote(room_id)}?{urlencode([('via', server) for server in via])}", {"reason": "please"})

    async def invite(self, room_id, user_id, **_):
        checked(await self.client.room_invite(room_id, user_id))
        return {}

    async def leave(self, room_id, **_):
        checked(await self.client.room_leave(room_id))
        return {}

    async def ban(self, room_id, user_id, **_):
        checked(await self.client.room_ban(room_id, user_id, "enough"))
        return {}

    async def unban(self, room_id, user_id, **_):
        checked(await self.client.room_unban(room_id, user_id))
        return {}

    async def upgrade(self, room_id, version, **_):
        # The library's own upgrade copies the room by itself and does not ask the server for it.
        return await self.request("POST", f"rooms/{quote(room_id)}/upgrade", {"new_version": version})

    async def state(self, room_id, type, state_key, **_):
        return checked(await self.client.room_get_state_event(room_id, type, state_key)).content

    async def set_state(self, room_id, type, state_key, content, **_):
        return {"event_id": checked(await self.client.room_put_state(room_id, type, content, state_key)).event_id}

    async def device(self, user_id, device_id, **_):
        """Waits until the library knows a device of a user with whom it shares an encrypted room."""
        for _attempt in range(400):
            if any(device.device_id == device_id for device in self.client.device_store.active_user_devices(user_id)):
                return {}
            await asyncio.sleep(0.05)
        raise RuntimeError(f"{device_id} of {user_id} is not known")

    async def request(self, method, path, body):
        """A request that the library has no method for."""
        response = await self.client.send(
            method, f"/_matrix/client/v3/{path}", json.dumps(body),
            headers={"Authorization": f"Bearer {self.client.access_token}", "Content-Type": "application/json"})
        answer = await response.json()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {json.dumps(answer)}")
        return answer

    async def send(self, room_id, type, content, **_):
        response = checked(await self.client.room_send(room_id, type, content, ignore_unverified_devices=True))
        return {"event_id": response.event_id}

    async def send_stubbornly(self, room_id, type, content, **_):
        """Sends until it is sent, as a user does who presses the button again: with the same transaction id."""
        transaction = uuid4()
        while True:
            try:
                await self.share_keys(room_id)
                response = await self.client.room_send(room_id, type, content, transaction, ignore_unverified_devices=True)
                if isinstance(response, nio.RoomSendResponse):
                    return {"event_id": response.event_id}
                print(f"{room_id}: {response}", file=sys.stderr, flush=True)
            except (*AWAY, nio.GroupEncryptionError) as error:
                print(f"{room_id}: {error!r}", file=sys.stderr, flush=True)

                # A sharing of keys that failed so is never over to the library: the next message would wait for it.
                if sharing := self.client.sharing_session.pop(room_id, None):
                    sharing.set()
            await asyncio.sleep(0.1)

    async def share_keys(self, room_id):
        """What the library does itself before it sends, but that it takes keys for shared whose sending has failed."""
        if self.client.olm.should_share_group_session(room_id):
            response = await self.client.share_group_session(room_id, ignore_unverified_devices=True)
            if not response.users_shared_with:
                self.client.invalidate_outbound_session(room_id)
                raise nio.GroupEncryptionError("the keys have reached nobody")

    async def all(self, match, **_):
        return [item for item in SEEN if matches(item, match)]

    async def redact(self, room_id, event_id, **_):
        return {"event_id": checked(await self.client.room_redact(room_id, event_id)).event_id}

    async def typing(self, room_id, typing, **_):
        checked(await self.client.room_typing(room_id, typing, 20000))
        return {}

    async def receipt(self, room_id, event_id, **_):
        checked(await self.client.room_read_markers(room_id, event_id, event_id))
        return {}

    async def upload(self, text, **_):
        data = text.encode()
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            with open(file.name, "rb") as opened:
                response, _keys = await self.client.upload(opened, content_type="text/plain", filename="note.txt", filesize=len(data))
        return {"content_uri": checked(response).content_uri}

    async def download(self, content_uri, **_):
        # The library's own download has no token, and so gets nothing of other servers (C-S API, Content repository).
        response = await self.client.send(
            "GET", f"/_matrix/client/v1/media/download/{content_uri.removeprefix('mxc://')}", headers={"Authorization": f"Bearer {self.client.access_token}"})
        return {"status": response.status, "text": await response.text(), "content_type": response.content_type}

    async def encrypted(self, room_id, **_):
        """Waits until the library knows that the room is encrypted, who is in it, and their devices: it encrypts for those only that it knows by then."""
        for _attempt in range(400):
            room = self.client.rooms.get(room_id)
            if room is not None and room.encrypted and room.members_synced and not self.client.should_query_keys:
                return {"users": list(room.users)}
            if room is not None and room.encrypted and not room.members_synced:
                checked(await self.client.joined_members(room_id))
            await asyncio.sleep(0.05)
        raise RuntimeError("the room is not known as encrypted")

    async def wait(self, match, timeout_ms, **_):
        async with CHANGED:
            try:
                await asyncio.wait_for(CHANGED.wait_for(lambda: any(matches(i, match) for i in SEEN)), timeout_ms / 1000)
            except asyncio.TimeoutError:
                raise RuntimeError(f"nothing matched {json.dumps(match)}; seen: {json.dumps(SEEN[-30:])}") from None
            return next(i for i in SEEN if matches(i, match))

    async def logout(self, **_):
        self.syncing.cancel()
        checked(await self.client.logout())
        checked_status = type(await self.client.whoami()).__name__
        await self.client.close()
        return {"whoami_status": 401 if "Error" in checked_status else 200}


async def main():
    user = User()
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running = set()

    async def handle(request):
        try:
            answer = {"id": request["id"], "result": await getattr(user, request.pop("op"))(**request)}
        except Exception as error:  # every failure is the test's to judge
            answer = {"id": request["id"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)

    while line := await reader.readline():
        task = asyncio.create_task(handle(json.loads(line)))
        running.add(task)
        task.add_done_callback(running.discard)


asyncio.run(main())
