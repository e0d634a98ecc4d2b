// aws-amplify's Auth category in Node: the calls of today's front ends.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Amplify } from 'aws-amplify';
import { confirmResetPassword, confirmSignIn, confirmSignUp, deleteUser, fetchAuthSession, fetchUserAttributes, getCurrentUser, resetPassword, signIn, signOut, signUp } from 'aws-amplify/auth';
import { PASSWORD, code, makePool, makeUser, makeUserWithShortSalt, refused, server, wrong } from './harness.js';

const pool = await makePool();
Amplify.configure({ Auth: { Cognito: { userPoolId: pool.id, userPoolClientId: pool.clientId, userPoolEndpoint: server.http } } });
afterEach(() => signOut());

test('sign up and confirm', async () => {
  const username = 'amplify@example.com';
  const made = await signUp({ username, password: PASSWORD, options: { userAttributes: { email: username } } });
  assert.equal(made.nextStep.signUpStep, 'CONFIRM_SIGN_UP');
  assert.equal(made.nextStep.codeDeliveryDetails.deliveryMedium, 'EMAIL');
  assert.equal((await signIn({ username, password: PASSWORD })).nextStep.signInStep, 'CONFIRM_SIGN_UP');
  const right = await code(username);
  await refused(confirmSignUp({ username, confirmationCode: wrong(right) }), 'CodeMismatchException');
  assert.ok((await confirmSignUp({ username, confirmationCode: right })).isSignUpComplete);
  assert.ok((await signIn({ username, password: PASSWORD })).isSignedIn);
  assert.equal((await fetchUserAttributes()).email_verified, 'true');
  await deleteUser();
  await refused(signIn({ username, password: PASSWORD }), 'UserNotFoundException');
});

test('SRP sign-in, refresh, sign-out', async () => {
  for (const password of [PASSWORD, 'Pässwörd-1', '日本語-Aa1!']) {
    const username = await makeUser(pool, { password });
    await refused(signIn({ username, password: `${password}x` }), 'NotAuthorizedException', /Incorrect username or password/);
    assert.ok((await signIn({ username, password })).isSignedIn);
    const { userId, signInDetails } = await getCurrentUser();
    assert.equal(signInDetails.authFlowType, 'USER_SRP_AUTH');
    const before = await fetchAuthSession();
    assert.equal(before.tokens.accessToken.payload.sub, userId);
    const after = await fetchAuthSession({ forceRefresh: true });
    assert.notEqual(after.tokens.accessToken.toString(), before.tokens.accessToken.toString());
    await signOut();
    assert.equal((await fetchAuthSession()).tokens, undefined);
  }
});

test('SRP with a salt that begins with zero', async () => {
  const username = await makeUserWithShortSalt(pool);
  assert.ok((await signIn({ username, password: PASSWORD })).isSignedIn);
});

test('sign-out everywhere ends other sessions', async () => {
  const username = await makeUser(pool);
  await signIn({ username, password: PASSWORD });
  const { tokens } = await fetchAuthSession();
  await signOut({ global: true });
  const reply = await fetch(server.http, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSCognitoIdentityProviderService.GetUser' },
    body: JSON.stringify({ AccessToken: tokens.accessToken.toString() }),
  });
  assert.equal(reply.status, 400);
  assert.deepEqual(await reply.json(), { __type: 'NotAuthorizedException', message: 'Access Token has been revoked' });
});

test('a temporary password must be changed', async () => {
  const username = await makeUser(pool, { password: 'Temp0rary!', temporary: true });
  const asked = await signIn({ username, password: 'Temp0rary!' });
  assert.equal(asked.nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED');
  assert.ok((await confirmSignIn({ challengeResponse: 'Chosen-öne1' })).isSignedIn);
});

test('USER_PASSWORD_AUTH', async () => {
  const username = await makeUser(pool);
  const options = { authFlowType: 'USER_PASSWORD_AUTH' };
  await refused(signIn({ username, password: 'Wrong-pass1!', options }), 'NotAuthorizedException');
  assert.ok((await signIn({ username, password: PASSWORD, options })).isSignedIn);
});

test('a forgotten password', async () => {
  const username = await makeUser(pool);
  const asked = await resetPassword({ username });
  assert.equal(asked.nextStep.resetPasswordStep, 'CONFIRM_RESET_PASSWORD_WITH_CODE');
  const right = await code(username);
  await refused(confirmResetPassword({ username, confirmationCode: wrong(right), newPassword: 'Changed-2!' }), 'CodeMismatchException');
  await confirmResetPassword({ username, confirmationCode: right, newPassword: 'Changed-2!' });
  assert.ok((await signIn({ username, password: 'Changed-2!' })).isSignedIn);
});
