// oidc-provider as the benchmark runs it: `node server.mjs PORT USERS`. Everything is in memory and gone at the end.
// Access tokens are JWTs signed RS256 with an RSA-2048 key made at the start, as Poolhouse's are; only the client
// `opaque` gets opaque ones, because the userinfo endpoint takes no others.
// The library has no users and no passwords: a host application brings them. The one below takes every password,
// so signing in costs nothing here.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const [port, users] = process.argv.slice(2).map(Number);
const issuer = `http://127.0.0.1:${port}`;
const api = 'https://api.example';
const redirect = 'https://app.example.com/callback';

/** Every kind of thing the library keeps, by its kind and id. Nothing is thrown out: the library's own store holds 1,000. */
const kept = new Map();
const byGrant = new Map();
const byUid = new Map();

class Memory {
  constructor(kind) {
    this.kind = kind;
  }

  key(id) {
    return `${this.kind}:${id}`;
  }

  async upsert(id, payload) {
    const key = this.key(id);
    kept.set(key, payload);
    if (payload.uid) byUid.set(payload.uid, key);
    if (payload.grantId) {
      if (!byGrant.has(payload.grantId)) byGrant.set(payload.grantId, []);
      byGrant.get(payload.grantId).push(key);
    }
  }

  async find(id) {
    return kept.get(this.key(id));
  }

  async findByUid(uid) {
    return kept.get(byUid.get(uid));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    kept.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id) {
    kept.delete(this.key(id));
  }

  async revokeByGrantId(grantId) {
    for (const key of byGrant.get(grantId) ?? []) kept.delete(key);
    byGrant.delete(grantId);
  }
}

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const web = {
  client_secret: 'bench-secret',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirect],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_post',
};

const configuration = {
  adapter: Memory,
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  clients: [
    { client_id: 'web', ...web },
    { client_id: 'rotating', ...web },
    { client_id: 'opaque', ...web },
    {
      client_id: 'machine',
      client_secret: 'bench-secret',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  cookies: { keys: ['bench'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client) => (client.clientId === 'opaque' ? undefined : api),
      getResourceServerInfo: () => ({
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'RS256' } },
        scope: 'openid email api/read',
      }),
      useGrantedResource: () => true,
    },
  },
  async findAccount(ctx, id) {
    if (!/^user-\d+$/.test(id) || Number(id.slice(5)) >= users) return undefined;
    return { accountId: id, claims: async () => ({ sub: id, email: `${id}@example.com`, email_verified: true }) };
  },
  interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'bench' }] },
  // Consent is given beforehand, as for the clients of a user pool.
  async loadExistingGrant({ oidc }) {
    const { client, session, provider } = oidc;
    const known = session.grantIdFor(client.clientId);
    if (known) return provider.Grant.find(known);
    const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
    grant.addOIDCScope('openid email');
    grant.addResourceScope(api, 'openid email api/read');
    await grant.save();
    return grant;
  },
  rotateRefreshToken: ({ oidc }) => oidc.client.clientId === 'rotating',
  ttl: { AccessToken: 3600, AuthorizationCode: 300, ClientCredentials: 3600, Grant: 86400, IdToken: 3600, Interaction: 600, RefreshToken: 86400, Session: 86400 },
};

const provider = new Provider(issuer, configuration);
const answer = provider.callback();

/** The host application's part of signing in: whoever `login_hint` names is signed in. */
async function signIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: params.login_hint } });
}

createServer((request, response) => {
  if (!request.url.startsWith('/sign-in/')) return answer(request, response);
  return signIn(request, response).catch((error) => response.writeHead(400).end(String(error)));
}).listen(port, '127.0.0.1');
