"""What a program does by webdav4 and its file system for fsspec: by_webdav4.py URL USER PASSWORD ask|work."""

import io
import pathlib
import sys

from webdav4.client import Client, ResourceAlreadyExists, ResourceNotFound
from webdav4.fsspec import WebdavFileSystem

url, user, password = sys.argv[1:4]

# A `#`, a `?` or a `%` in a name never leaves this library as the name that it is.
NAMES = ["plain", "with space", "a+b&c;d=e", "Grüße", "日本語 😀", "<tag> 'q'"]
large = bytes(range(251)) * 12000
pathlib.Path("large.bin").write_bytes(large)


def by_client():
    client = Client(url, auth=(user, password))
    client.mkdir("box")
    for name in NAMES:
        path = f"box/{name}"
        client.upload_file("large.bin", path)
        assert client.exists(path) and client.isfile(path), name
        assert client.content_length(path) == len(large), name
        assert client.etag(path) and client.modified(path) and client.created(path), name
    assert sorted(client.ls("box", detail=False)) == sorted(f"box/{name}" for name in NAMES)
    client.copy("box/plain", "box/copied")
    client.move("box/copied", "box/moved")
    client.download_file("box/moved", "back.bin")
    assert pathlib.Path("back.bin").read_bytes() == large
    with client.open("box/plain", mode="rb") as file:
        file.seek(1_000_000)
        assert file.read(1000) == large[1_000_000:1_001_000]
    client.upload_fileobj(io.BytesIO(b"replaced"), "box/plain", overwrite=True)
    try:
        client.upload_fileobj(io.BytesIO(b"never"), "box/plain")
        raise AssertionError("it has overwritten")
    except ResourceAlreadyExists:
        pass
    try:
        client.info("box/nothing")
        raise AssertionError("there is nothing")
    except ResourceNotFound:
        pass
    client.mkdir("box/folder")
    client.mkdir("box/folder/inner")
    client.copy("box/folder", "box/second")
    client.move("box/second", "box/third")
    assert client.ls("box/third", detail=False) == ["box/third/inner"] and not client.exists("box/second")
    client.remove("box/third")
    client.remove("box/moved")
    client.remove("box/folder")


def by_file_system():
    drive = WebdavFileSystem(url, auth=(user, password))
    drive.makedirs("fs/a/b", exist_ok=True)
    with drive.open("fs/a/b/text", "w") as file:
        file.write("hello")
    assert drive.find("fs") == ["fs/a/b/text"]
    assert drive.glob("fs/*/b/*") == ["fs/a/b/text"]
    assert drive.du("fs") == 5 and drive.info("fs/a/b/text")["size"] == 5
    assert drive.cat_file("fs/a/b/text", start=1, end=3) == b"el"
    drive.mv("fs/a/b/text", "fs/moved")
    drive.cp("fs/moved", "fs/copied")
    drive.rm("fs/moved")
    drive.put("large.bin", "fs/large.bin")
    drive.get("fs/large.bin", "again.bin")
    assert pathlib.Path("again.bin").read_bytes() == large
    assert drive.checksum("fs/copied") != drive.checksum("fs/large.bin")
    drive.rm("fs/a", recursive=True)


def ask_about_a_folder():
    """It sends PROPFIND without a depth, and takes out of the answer what it says of the folder itself."""
    client = Client(url, auth=(user, password))
    client.mkdir("box")
    client.upload_fileobj(io.BytesIO(b"text"), "box/text")
    assert client.isdir("box") and not client.isdir("box/text") and client.isdir("")
    assert client.info("box")["type"] == "directory"
    assert client.modified("box")
    drive = WebdavFileSystem(url, auth=(user, password))
    assert drive.isdir("box") and drive.info("box")["name"] == "box"


def work():
    by_client()
    by_file_system()


{"ask": ask_about_a_folder, "work": work}[sys.argv[4]]()
