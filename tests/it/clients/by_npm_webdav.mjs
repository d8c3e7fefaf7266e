// What a program does by the npm package webdav: by_npm_webdav.mjs NPM URL USER PASSWORD auto|lock|parts|quota|tree|work

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { once } from "node:events";
import { pathToFileURL } from "node:url";

const [npm, url, username, password, task] = process.argv.slice(2);
const { AuthType, createClient } = await import(pathToFileURL(createRequire(`${npm}/`).resolve("webdav")));
const client = createClient(url, { username, password, authType: task === "auto" ? AuthType.Auto : undefined });

const NAMES = ["plain", "with space", "100% #1?", "a+b&c;d=e", "%41", "Grüße", "日本語 😀", "<tag> 'q'"];

const names = async (path, options) =>
    (await client.getDirectoryContents(path, options)).map(({ filename }) => filename).sort();

async function work() {
    assert.equal(await client.exists("/"), true);
    assert.equal(await client.exists("/nothing"), false);
    await client.createDirectory("/box/deep/er", { recursive: true });
    for (const name of NAMES) {
        assert.equal(await client.putFileContents(`/box/${name}`, `this is ${name}`), true, name);
        const { size, type, basename, etag } = await client.stat(`/box/${name}`);
        assert.deepEqual([size, type, basename], [Buffer.byteLength(`this is ${name}`), "file", name]);
        assert.ok(etag);
        assert.equal(await client.getFileContents(`/box/${name}`, { format: "text" }), `this is ${name}`);
    }
    assert.deepEqual(await names("/box"), [...NAMES, "deep"].map((name) => `/box/${name}`).sort());
    assert.equal(await client.putFileContents("/box/plain", "never", { overwrite: false }), false);
    await client.copyFile("/box/100% #1?", "/box/copied");
    await client.moveFile("/box/copied", "/box/moved 😀");
    await client.moveFile("/box/deep", "/box/deeper");
    await assert.rejects(client.getFileContents("/box/deep"), { status: 404 });
    await streams();
    const { compliance } = await client.getDAVCompliance("/box");
    assert.ok(compliance.includes("1") && compliance.includes("2"), compliance);
    await client.deleteFile("/box/%41");
}

async function streams() {
    const upload = client.createWriteStream("/box/stream", undefined, (response) => upload.emit("answered", response));
    const answered = once(upload, "answered");
    for (let piece = 0; piece < 100; piece++) upload.write(Buffer.alloc(30000, piece));
    upload.end();
    assert.equal((await answered)[0].status, 201);
    const pieces = [];
    for await (const piece of client.createReadStream("/box/stream", { range: { start: 29990, end: 30009 } }))
        pieces.push(piece);
    assert.deepEqual(Buffer.concat(pieces), Buffer.concat([Buffer.alloc(10, 0), Buffer.alloc(10, 1)]));
}

async function lock() {
    await client.putFileContents("/locked", "before");
    const { token, serverTimeout } = await client.lock("/locked");
    assert.ok(token && serverTimeout);
    await assert.rejects(client.putFileContents("/locked", "never"), { status: 423 });
    await client.putFileContents("/locked", "by its owner", { headers: { If: `(<${token}>)` } });
    await client.unlock("/locked", token);
    await client.putFileContents("/locked", "after");
}

// It learns from the first answer how the server wants the password.
async function auto() {
    await client.putFileContents("/auto", "found out");
    assert.equal(await client.getFileContents("/auto", { format: "text" }), "found out");
}

// All beneath a folder in one request, by `Depth: infinity`.
async function tree() {
    assert.deepEqual(await names("/box", { deep: true }), ["/box/deep", "/box/deep/text", "/box/other"]);
}

// Parts of a file, by SabreDAV's PATCH, after OPTIONS has said that there is one.
async function parts() {
    await client.putFileContents("/parts", "0123456789");
    await client.partialUpdateFileContents("/parts", 2, 4, "abc");
    await client.partialUpdateFileContents("/parts", 10, 13, "more");
    assert.equal(await client.getFileContents("/parts", { format: "text" }), "01abc56789more");
    await assert.rejects(client.partialUpdateFileContents("/nothing", 0, 2, "abc"), { status: 404 });
}

// By itself it asks for all properties, among which RFC 4331 has none of these.
async function quota() {
    await client.createDirectory("/box");
    await client.putFileContents("/box/file", Buffer.alloc(1000));
    assert.equal(await client.getQuota(), null);
    const data =
        '<propfind xmlns="DAV:"><prop><quota-available-bytes/><quota-used-bytes/></prop></propfind>';
    for (const path of ["/", "/box"])
        assert.deepEqual(await client.getQuota({ path, data }), { used: 1000, available: 999000 });
    await assert.rejects(client.putFileContents("/large", Buffer.alloc(1000000)), { status: 507 });
}

await { auto, lock, parts, quota, tree, work }[task]();
