"""What a program does by webdavclient3: by_webdavclient3.py URL USER PASSWORD copy|free|lock|tree|work."""

import pathlib
import sys

from webdav3.client import Client
from webdav3.exceptions import NotEnoughSpace, RemoteResourceNotFound

url, user, password, task = sys.argv[1:5]
client = Client({"webdav_hostname": url, "webdav_login": user, "webdav_password": password})

NAMES = ["plain", "with space", "100% #1?", "a+b&c;d=e", "%41", "Grüße", "日本語 😀", "<tag> 'q'"]
COLOR = {"namespace": "urn:example", "name": "color"}
large = bytes(range(251)) * 12000


def work():
    pathlib.Path("large.bin").write_bytes(large)
    assert client.check("") and not client.check("nothing")
    client.mkdir("box")
    for name in NAMES:
        path = f"box/{name}"
        client.upload_sync(remote_path=path, local_path="large.bin")
        assert client.check(path) and not client.is_dir(path), name
        info = client.info(path)
        assert info["size"] == str(len(large)) and info["etag"] and info["modified"], info
    assert sorted(client.list("box")) == sorted(NAMES + ["box/"]), client.list("box")
    client.copy("box/plain", "box/copied")
    client.move("box/copied", "box/moved")
    client.download_sync("box/moved", "back.bin")
    assert pathlib.Path("back.bin").read_bytes() == large
    client.set_property("box/plain", {**COLOR, "value": "blue & <green>"})
    assert client.get_property("box/plain", COLOR) == "blue & <green>"
    with client.lock("box") as locked:
        locked.upload_sync(remote_path="box/plain", local_path="back.bin")
    folders()
    client.clean("box/moved")
    try:
        client.clean("box/moved")
        raise AssertionError("it was deleted twice")
    except RemoteResourceNotFound:
        pass


def folders():
    local = pathlib.Path("local/deep")
    local.mkdir(parents=True)
    (local / "a b.txt").write_text("a")
    (local.parent / "c.txt").write_text("c")
    client.upload_sync("box/folder", "local")
    assert client.is_dir("box/folder/deep")
    client.copy("box/folder", "box/second", depth="infinity")
    client.move("box/second", "box/third")
    client.download_sync("box/folder", "down")
    assert pathlib.Path("down/deep/a b.txt").read_text() == "a"
    pathlib.Path("pulled").mkdir()
    client.pull("box/folder", "pulled")
    assert pathlib.Path("pulled/deep/a b.txt").read_text() == "a"
    (local.parent / "new.txt").write_text("new")
    assert client.push("box/folder", "local")
    client.clean("box/third")


def copy():
    """A folder, with the depth that is its default: 1, which the protocol does not know for a copy."""
    pathlib.Path("text").write_text("text")
    client.mkdir("box")
    client.mkdir("box/deep")
    client.upload_sync(remote_path="box/deep/text", local_path="text")
    client.copy("box", "copy")


def free():
    """What is left of a quota of 1,000,000 bytes, and an upload that is larger than that."""
    for size in [1000, 1_000_000]:
        pathlib.Path(str(size)).write_bytes(bytes(size))
    client.mkdir("box")
    client.upload_sync(remote_path="box/file", local_path="1000")
    assert client.free() == 999_000, client.free()
    try:
        client.upload_sync(remote_path="large", local_path="1000000")
        raise AssertionError("it is larger than what is left")
    except NotEnoughSpace:
        pass


def lock():
    """A lock on a file: the token is sent with each request, also when the folder above the file is looked at."""
    pathlib.Path("text").write_text("by its owner")
    client.upload_sync(remote_path="locked", local_path="text")
    client.mkdir("box")
    client.upload_sync(remote_path="box/locked", local_path="text")
    with client.lock("box/locked") as locked:
        locked.upload_sync(remote_path="box/locked", local_path="text")
    client.clean("locked")


def tree():
    """All beneath a folder in one request, by `Depth: infinity`."""
    listed = client.list("box", recursive=True)
    assert sorted(listed) == ["box/", "deep/", "other", "text"], listed


{"copy": copy, "free": free, "lock": lock, "tree": tree, "work": work}[task]()
