// What the JavaScript tests share: the server's addresses, pools and users, the inbox, the sign-in form.

import assert from 'node:assert/strict';
import { CognitoIdentityProvider } from '@aws-sdk/client-cognito-identity-provider';

// {http, https, ca, region, demo} of the running server.
export const server = JSON.parse(process.env.POOLHOUSE);
export const PASSWORD = 'Permanent1!';
export const CALLBACK = 'https://oauth.pstmn.io/v1/callback';

export const idp = new CognitoIdentityProvider({
  region: server.region,
  endpoint: server.http,
  maxAttempts: 1,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

const FLOWS = ['ALLOW_USER_SRP_AUTH', 'ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'];
let count = 0;

// A pool for e-mail accounts and a client: {id, clientId, secret}.
export async function makePool(client = {}) {
  const { UserPool } = await idp.createUserPool({ PoolName: 'node', UsernameAttributes: ['email'], AutoVerifiedAttributes: ['email'] });
  const { UserPoolClient } = await idp.createUserPoolClient({ UserPoolId: UserPool.Id, ClientName: 'node', ExplicitAuthFlows: FLOWS, ...client });
  return { id: UserPool.Id, clientId: UserPoolClient.ClientId, secret: UserPoolClient.ClientSecret };
}

// A user to sign in with: confirmed, or with a temporary password. The e-mail address.
export async function makeUser(pool, { password = PASSWORD, temporary = false } = {}) {
  const email = `n${process.pid}-${(count += 1)}@example.com`;
  const at = { UserPoolId: pool.id, Username: email };
  const UserAttributes = [{ Name: 'email', Value: email }, { Name: 'email_verified', Value: 'true' }];
  await idp.adminCreateUser({ ...at, UserAttributes, MessageAction: 'SUPPRESS', ...(temporary ? { TemporaryPassword: password } : {}) });
  if (!temporary) await idp.adminSetUserPassword({ ...at, Password: password, Permanent: true });
  return email;
}

// A user whose SRP salt begins with a zero byte, as one in 256 does: passwords are set until the draw is right.
export async function makeUserWithShortSalt(pool) {
  const name = await makeUser(pool);
  for (let i = 0; i < 6000; i += 1) {
    const AuthParameters = { USERNAME: name, SRP_A: '2' };
    const { ChallengeParameters } = await idp.initiateAuth({ ClientId: pool.clientId, AuthFlow: 'USER_SRP_AUTH', AuthParameters });
    // Hexadecimal without leading zeros: 32 digits are 16 bytes.
    if (ChallengeParameters.SALT.length <= 30) return name;
    await idp.adminSetUserPassword({ UserPoolId: pool.id, Username: name, Password: PASSWORD, Permanent: true });
  }
  throw new Error('no salt of 6000 begins with a zero byte');
}

// The code in the newest message to `address`, waiting up to five seconds for one that is not `not`.
export async function code(address, not) {
  for (let i = 0; i < 50; i += 1) {
    const reply = await fetch(`${server.http}/_poolhouse/messages?address=${encodeURIComponent(address)}&wait=5`);
    const { messages } = await reply.json();
    const newest = messages.toSorted((a, b) => b.created_at - a.created_at)[0];
    if (newest?.code && newest.code !== not) return newest.code;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no code for ${address}`);
}

// Another code of the same form, surely wrong.
export const wrong = (right) => String((Number(right) + 1) % 1_000_000).padStart(6, '0');

// The promise must be refused with an error of this name (and message).
export const refused = (promise, name, message) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.name ?? error.code, name, `${error.name}: ${error.message}`);
    if (message) assert.match(error.message, message);
    return true;
  });

// A visitor at the sign-in pages: cookies by name, redirects not followed.
export class Visitor {
  cookies = new Map();

  async request(url, init = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(url, { redirect: 'manual', ...init, headers: { ...init.headers, cookie } });
    for (const line of reply.headers.getSetCookie()) {
      const [pair, ...rest] = line.split(';');
      const at = pair.indexOf('=');
      const gone = rest.some((part) => /^\s*max-age=0$/i.test(part));
      if (gone) this.cookies.delete(pair.slice(0, at));
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return reply;
  }

  // Follows redirects until a page comes, or an address that starts with `until`: {page, url} or {callback}.
  async follow(url, init, until = CALLBACK) {
    let reply = await this.request(url, init);
    for (let i = 0; i < 6 && reply.status >= 300 && reply.status < 400; i += 1) {
      const target = new URL(reply.headers.get('location'), url);
      if (target.href.startsWith(until)) return { callback: target };
      url = target.href;
      reply = await this.request(url);
    }
    return { page: await reply.text(), url, status: reply.status };
  }

  // From the authorize address to the callback's URL, by the sign-in form; {page} when the form is shown again.
  async signIn(authorize, username, password) {
    const { page, url, callback } = await this.follow(authorize);
    if (callback) return { callback };
    const form = /<form[^>]*>/.exec(page)?.[0] ?? assert.fail(`no form at ${url}: ${page.slice(0, 800)}`);
    const action = /action="([^"]*)"/.exec(form)[1].replaceAll('&amp;', '&').replaceAll('&#x2f;', '/').replaceAll('&#x3d;', '=');
    const hidden = [...page.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([tag]) => [/name="([^"]*)"/.exec(tag)[1], /value="([^"]*)"/.exec(tag)?.[1] ?? '']);
    const body = new URLSearchParams([...hidden, ['username', username], ['password', password]]);
    return this.follow(new URL(action, url).href, { method: 'POST', body });
  }
}
