// openid-client, strict: discovery, authorization code with PKCE, nonce and state, userinfo, refresh, end of session.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import * as oidc from 'openid-client';
import { CALLBACK, PASSWORD, Visitor, idp, makePool, makeUser } from './harness.js';

const OUT = 'https://oauth.pstmn.io/signed-out';
const wish = {
  GenerateSecret: true,
  AllowedOAuthFlowsUserPoolClient: true,
  AllowedOAuthFlows: ['code'],
  AllowedOAuthScopes: ['openid', 'email', 'profile'],
  SupportedIdentityProviders: ['COGNITO'],
  CallbackURLs: [CALLBACK],
  LogoutURLs: [OUT],
};
let pool, config, name;

before(async () => {
  pool = await makePool(wish);
  await idp.createUserPoolDomain({ UserPoolId: pool.id, Domain: 'compat-oidc' });
  name = await makeUser(pool);
  const issuer = new URL(`https://cognito-idp.eu-central-1.amazonaws.com/${pool.id}`);
  config = await oidc.discovery(issuer, pool.clientId, pool.secret);
});

// The parts of one authorization, and the callback a browser arrives at.
async function authorize(visitor = new Visitor(), more = {}) {
  const verifier = oidc.randomPKCECodeVerifier();
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'openid email',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  const { callback, page } = await visitor.signIn(url.href, name, PASSWORD);
  return { callback, page, checks };
}

test('the document advertises what the server does', () => {
  const metadata = config.serverMetadata();
  assert.ok(metadata.supportsPKCE('S256'));
  assert.equal(metadata.token_endpoint, 'https://compat-oidc.auth.eu-central-1.amazoncognito.com/oauth2/token');
  assert.equal(metadata.end_session_endpoint, 'https://compat-oidc.auth.eu-central-1.amazoncognito.com/logout');
});

test('code flow, userinfo, refresh', async () => {
  const { callback, checks } = await authorize();
  const tokens = await oidc.authorizationCodeGrant(config, callback, { ...checks, idTokenExpected: true });
  const claims = tokens.claims();
  assert.equal(claims.email, name);
  assert.equal(claims.email_verified, true);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(info.email, name);
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal(fresh.claims().sub, claims.sub);
  assert.equal(fresh.claims().auth_time, claims.auth_time);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
});

test('refusals: reused code, wrong verifier, state, nonce, secret, password', async () => {
  const once = await authorize();
  await oidc.authorizationCodeGrant(config, once.callback, once.checks);
  await assert.rejects(oidc.authorizationCodeGrant(config, once.callback, once.checks), { error: 'invalid_grant' });

  const pkce = await authorize();
  await assert.rejects(oidc.authorizationCodeGrant(config, pkce.callback, { ...pkce.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), { error: 'invalid_grant' });
  const state = await authorize();
  await assert.rejects(oidc.authorizationCodeGrant(config, state.callback, { ...state.checks, expectedState: 'other' }), (error) => /state/.test(`${error.message} ${error.cause?.message}`));
  const nonce = await authorize();
  await assert.rejects(oidc.authorizationCodeGrant(config, nonce.callback, { ...nonce.checks, expectedNonce: 'other' }), (error) => /nonce/.test(`${error.message} ${error.cause?.message}`));

  const secret = await authorize();
  const forged = new oidc.Configuration(config.serverMetadata(), pool.clientId, 'wrong'.repeat(10));
  await assert.rejects(oidc.authorizationCodeGrant(forged, secret.callback, secret.checks), { error: 'invalid_client' });

  const { callback, page } = await new Visitor().signIn(oidc.buildAuthorizationUrl(config, { redirect_uri: CALLBACK, scope: 'openid' }).href, name, 'Wrong-pass1!');
  assert.equal(callback, undefined);
  assert.match(page, /Incorrect username or password\./);
});

test('a scope the client may not have comes back as an error', async () => {
  const { callback, checks } = await authorize(new Visitor(), { scope: 'openid phone' });
  await assert.rejects(oidc.authorizationCodeGrant(config, callback, checks), { error: 'invalid_scope' });
});

test('the session signs in silently until it is ended', async () => {
  const visitor = new Visitor();
  const first = await authorize(visitor);
  const tokens = await oidc.authorizationCodeGrant(config, first.callback, first.checks);
  const silent = await authorize(visitor, { prompt: 'none' });
  assert.ok(silent.callback.searchParams.get('code'));

  const end = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: OUT, id_token_hint: tokens.id_token, state: 'bye' });
  const { callback } = await visitor.follow(end.href, {}, OUT);
  assert.ok(callback, 'RP-initiated logout leads back to the application');
  const after = await authorize(visitor, { prompt: 'none' });
  assert.equal(after.callback.searchParams.get('error'), 'login_required');
});

test('Cognito\'s own dialect of logout', async () => {
  const visitor = new Visitor();
  await authorize(visitor);
  const base = config.serverMetadata().end_session_endpoint;
  const out = (uri) => visitor.follow(`${base}?client_id=${pool.clientId}&logout_uri=${encodeURIComponent(uri)}`, {}, 'https://oauth.pstmn.io/');
  assert.equal((await out('https://oauth.pstmn.io/not-registered')).callback, undefined);
  assert.equal((await out(OUT)).callback.href, OUT);
});
