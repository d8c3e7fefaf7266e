// A provider for OpenID Connect with people whom a test makes, and takes away: the npm package oidc-provider, with pages
// of its own that need nothing from outside. Started by provider.rs; ends when its stdin ends.
import * as crypto from 'node:crypto';
import * as http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [root, given] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(createRequire(`${root}/`).resolve('oidc-provider')));
// style: 'plain', 'entra' or 'keycloak'; strict: a refresh token only as OpenID Connect Core 1.0 §11 has it;
// thin: ID tokens name nobody, userinfo does.
const options = JSON.parse(given);

const TENANT = '11111111-2222-3333-4444-555555555555';
const prefix = options.style === 'entra' ? `/${TENANT}/v2.0` : '';
const scopes = ['openid', 'profile', 'email', 'offline_access', 'User.Read'];

// By login name: { sub, password, disabled, refusal, amr, acr, groups, overage, ...claims }
const accounts = {};
const client = {
  client_id: options.client_id,
  client_secret: options.client_secret,
  redirect_uris: options.redirect_uris,
  post_logout_redirect_uris: options.post_logout_redirect_uris,
  backchannel_logout_uri: options.backchannel_logout_uri,
  backchannel_logout_session_required: true,
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};
// down: connections are cut; delay: answers come that many ms late; status: all is answered by it.
const weather = { down: false, delay: 0, status: 0 };
let keys = { keys: [newKey()] };
let provider;
let callback;

function newKey() {
  // By way of PEM: exporting the very key that was made can block for good, when the garbage collector comes along and
  // frees the job that made it, which locks the key (Node 20).
  const how = { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' } };
  const { privateKey } = crypto.generateKeyPairSync('rsa', how);
  return { ...crypto.createPrivateKey(privateKey).export({ format: 'jwk' }), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' };
}

function claimsOf(name, account) {
  const { password, disabled, refusal, amr, acr, groups, overage, ...claims } = account;
  const all = { sub: `sub-${name}`, name, preferred_username: name, ...claims };
  if (options.style === 'entra') {
    Object.assign(all, { oid: all.oid ?? all.sub, tid: TENANT, ver: '2.0' });
  }
  if (overage) {
    all._claim_names = { groups: 'src1' };
    all._claim_sources = { src1: { endpoint: 'https://graph.windows.net/never/asked' } };
  } else if (groups) {
    all.groups = groups;
  }
  return all;
}

function find(sub) {
  return Object.entries(accounts).find(([name, account]) => claimsOf(name, account).sub === sub);
}

function refusalOf(account) {
  if (account?.refusal) return account.refusal;
  if (options.style === 'entra') {
    const [code, text] = account ? [50057, 'The user account is disabled.'] : [50034, 'The user account does not exist.'];
    return { error: 'invalid_grant', error_description: `AADSTS${code}: ${text} Trace ID: 0`, error_codes: [code] };
  }
  // Keycloak says nothing of its own about an account that is no more: its sessions went with it.
  const text = account ? 'User disabled' : 'Session not active';
  return { error: 'invalid_grant', error_description: text };
}

function newProvider() {
  const made = new Provider(`${origin}${prefix}`, {
    clients: [{ ...client, backchannel_logout_uri: client.backchannel_logout_uri ?? undefined }],
    jwks: keys,
    scopes,
    claims: {
      openid: ['sub', 'amr', 'acr', 'oid', 'tid', 'ver', 'upn', 'groups', 'roles', 'realm_access', 'hd', '_claim_names', '_claim_sources'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    conformIdTokenClaims: options.thin,
    cookies: { keys: ['of no use elsewhere'] },
    // The package's own dispatcher keeps it from asking anything on this machine, where all of the test is.
    fetch: (url, { dispatcher, ...how }) => globalThis.fetch(url, how),
    pkce: { required: () => true },
    // Logout tokens go to a server on this very machine, which the package's own dispatcher would not reach.
    fetch: (url, { dispatcher, ...rest }) => globalThis.fetch(url, rest),
    rotateRefreshToken: true,
    ...(options.strict ? {} : { issueRefreshToken: async (_, who) => who.grantTypeAllowed('refresh_token') }),
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => {
          ctx.body = page('Sign out', `${form}<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`);
        },
        postLogoutSuccessSource: async (ctx) => { ctx.body = page('Signed out', ''); },
      },
    },
    acrValues: ['1', '2', 'urn:test:two'],
    ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 3600 },
    interactions: { url: (_, interaction) => `${prefix}/interaction/${interaction.uid}` },
    findAccount: async (_, sub) => {
      const [name, account] = find(sub) ?? [];
      if (!account || account.disabled) return undefined;
      return { accountId: sub, claims: async () => claimsOf(name, account) };
    },
    // Everything is agreed to, unless the client asks that the person be asked.
    loadExistingGrant: async (ctx) => {
      const { client: { clientId }, session, result } = ctx.oidc;
      const known = result?.consent?.grantId ?? session.grantIdFor(clientId);
      const grant = (known && await made.Grant.find(known)) || new made.Grant({ clientId, accountId: session.accountId });
      grant.addOIDCScope(scopes.join(' '));
      grant.addOIDCClaims(['auth_time', 'acr', 'amr', 'sid']);
      await grant.save();
      return grant;
    },
    renderError: async (ctx, out, error) => {
      ctx.type = 'html';
      ctx.body = page('Error', `<pre>${escape(JSON.stringify(out))} ${escape(String(error))}</pre>`);
    },
  });
  // What a refusal says is each provider's own.
  made.use(async (ctx, next) => {
    await next();
    const token = ctx.oidc?.entities?.RefreshToken;
    if (ctx.oidc?.route === 'token' && ctx.status === 400 && token) {
      const account = find(token.accountId)?.[1];
      if (!account || account.disabled || account.refusal) ctx.body = refusalOf(account);
    }
  });
  made.on('server_error', (_, error) => console.error(error));
  made.on('backchannel.error', (_, error) => console.error(error));
  return made;
}

function escape(text) {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

function page(title, body) {
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head>`
    + `<body><h1>${title}</h1>${body}</body></html>`;
}

function loginPage(action, wrong) {
  return page('Provider sign-in', `${wrong ? `<p id="wrong">${escape(wrong)}</p>` : ''}`
    + `<form action="${action}" method="post"><input name="login" required autofocus>`
    + '<input name="password" type="password" required><button type="submit">Sign in</button></form>');
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { prompt, session, params } = details;
  const action = `${prefix}/interaction/${details.uid}`;
  const show = (html) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  if (request.method !== 'POST') {
    return show(prompt.name === 'login' ? loginPage(action) : page('Consent',
      `<form action="${action}" method="post"><button type="submit">Agree</button></form>`));
  }
  const form = new URLSearchParams(await bodyOf(request));
  if (prompt.name !== 'login') {
    const known = details.grantId && await provider.Grant.find(details.grantId);
    const grant = known || new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(scopes.join(' '));
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
  }
  const account = accounts[form.get('login')];
  if (!account || form.get('password') !== (account.password ?? 'password')) return show(loginPage(action, 'Wrong name or password.'));
  if (account.disabled) return show(loginPage(action, 'This account is disabled.'));
  const login = { accountId: claimsOf(form.get('login'), account).sub, amr: account.amr ?? ['pwd'], acr: account.acr };
  return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

// Microsoft Graph, as far as it is asked for groups; two to a page.
async function graph(request, response) {
  const token = await provider.AccessToken.find((request.headers.authorization ?? '').replace('Bearer ', ''));
  const account = token && find(token.accountId)?.[1];
  if (!account) return json(response, 401, { error: { code: 'InvalidAuthenticationToken' } });
  const url = new URL(request.url, origin);
  const skip = Number(url.searchParams.get('$skiptoken') ?? 0);
  const all = account.groups ?? [];
  const answer = { value: all.slice(skip, skip + 2).map((id) => ({ '@odata.type': '#microsoft.graph.group', id })) };
  if (skip + 2 < all.length) answer['@odata.nextLink'] = `${origin}${url.pathname}?$skiptoken=${skip + 2}`;
  return json(response, 200, answer);
}

function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

// { accounts: { name: {…} or null }, client: {…}, weather: {…}, rotate: true }
async function control(request, response) {
  const change = JSON.parse(await bodyOf(request));
  for (const [name, account] of Object.entries(change.accounts ?? {})) {
    if (account === null) delete accounts[name];
    else accounts[name] = { ...accounts[name], ...account };
  }
  Object.assign(client, change.client ?? {});
  Object.assign(weather, change.weather ?? {});
  if (change.rotate) keys = { keys: [newKey()] };
  // What was given out before stays: all instances keep it in the same memory.
  if (change.rotate || change.client) {
    provider = newProvider();
    callback = provider.callback();
  }
  json(response, 200, {});
}

async function answer(request, response) {
  if (request.url === '/control') return control(request, response);
  if (weather.down) return request.socket.destroy();
  if (weather.delay) await new Promise((done) => { setTimeout(done, weather.delay); });
  if (weather.status) return json(response, weather.status, {});
  if (request.url.startsWith('/graph/v1.0/me/transitiveMemberOf?')) return graph(request, response);
  if (request.url.startsWith(`${prefix}/interaction/`)) return interaction(request, response);
  if (!request.url.startsWith(`${prefix}/`)) return json(response, 404, {});
  request.originalUrl = request.url;
  request.url = request.url.slice(prefix.length);
  return callback(request, response);
}

const server = http.createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) json(response, 500, {});
  });
});
await new Promise((ready) => { server.listen(0, '127.0.0.1', ready); });
const origin = `http://127.0.0.1:${server.address().port}`;
provider = newProvider();
callback = provider.callback();
console.log(JSON.stringify({ origin, issuer: `${origin}${prefix}`, tenant: TENANT }));
process.stdin.on('end', () => process.exit(0)).resume();
