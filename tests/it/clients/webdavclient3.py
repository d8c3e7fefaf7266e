"""What a program does by webdavclient3: webdavclient3.py URL USER PASSWORD tree|work [AUTHORITY]."""

import pathlib
import sys

from webdav3.client import Client
from webdav3.exceptions import RemoteResourceNotFound

url, user, password, task = sys.argv[1:5]
client = Client({"webdav_hostname": url, "webdav_login": user, "webdav_password": password})
if len(sys.argv) > 5:
    client.verify = sys.argv[5]

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
    with client.lock("box/plain") as locked:
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
    client.copy("box/folder", "box/second", depth=1)
    client.move("box/second", "box/third")
    client.download_sync("box/folder", "down")
    assert pathlib.Path("down/deep/a b.txt").read_text() == "a"
    pathlib.Path("pulled").mkdir()
    client.pull("box/folder", "pulled")
    assert pathlib.Path("pulled/deep/a b.txt").read_text() == "a"
    (local.parent / "new.txt").write_text("new")
    assert client.push("box/folder", "local")
    client.clean("box/third")


def tree():
    """All beneath a folder in one request, by `Depth: infinity`."""
    listed = client.list("box", recursive=True)
    assert sorted(listed) == ["box/", "deep/", "other", "text"], listed


{"tree": tree, "work": work}[task]()
