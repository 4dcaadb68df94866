// An application made with openid-client: its requests are signed (RFC 9101) and
// pushed (RFC 9126), what they are about is in authorization_details (RFC 9396),
// it proves who it is by private_key_jwt, and a key of its own holds its tokens
// (RFC 9449). Of OAuth, all is the library's.
//
// What it is and what it wants signed is in the JSON file that it is given. It
// writes a line of JSON for each exchange, for each address that its signer is to
// go to, and for the end; and reads where the signer came back to.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const app = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const tell = (what) => process.stdout.write(JSON.stringify(what) + '\n')
const signer = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// told is fetch, and tells of it.
const told = async (url, options) => {
  const answer = await fetch(url, options)
  tell({
    exchange: {
      method: options.method, url: String(url), header: Object.fromEntries(new Headers(options.headers)),
      body: options.body?.toString() ?? '', status: answer.status, answer: await answer.clone().text(),
    },
  })
  return answer
}

const key = {
  kid: app.jwk.kid,
  key: await crypto.subtle.importKey('jwk', app.jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']),
}
const config = await client.discovery(new URL(app.issuer), app.client_id, undefined, client.PrivateKeyJwt(key), {
  algorithm: 'oauth2', [client.customFetch]: told,
})
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))

// granted has the signer agree to what is asked, and is the token that comes of it.
const granted = async (asked, repeated) => {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const request = await client.buildAuthorizationUrlWithJAR(config, {
    ...asked, redirect_uri: app.redirect_uri, state: expectedState, code_challenge_method: 'S256',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  }, key)
  tell({ go: (await client.buildAuthorizationUrlWithPAR(config, request.searchParams, { DPoP })).href })
  const back = new URL((await signer.next()).value)
  return client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState }, repeated, { DPoP })
}

// call calls a method of the API.
const call = (token, method, body) => client.fetchProtectedResource(
  config, token.access_token, new URL(`${app.api}/${method}`), 'POST', JSON.stringify(body),
  new Headers({ 'content-type': 'application/json' }), { DPoP })

const login = await granted({ scope: 'service' })
const found = await (await call(login, 'credentials/list', { credentialInfo: true, certificates: 'single' })).json()
const credentialID = found.credentialIDs[0]

const authorization_details = JSON.stringify([{
  type: 'credential', credentialID, hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
  documentDigests: [{ hash: app.digest, label: 'A contract' }],
}])
const agreed = await granted({ authorization_details }, { authorization_details })
const hashes = { credentialID, hashes: [app.digest], signAlgo: '1.2.840.10045.4.3.2' }
const { signatures } = await (await call(agreed, 'signatures/signHash', hashes)).json()
const again = await call(agreed, 'signatures/signHash', hashes).then((answer) => answer.status, (refusal) => refusal.status)

const next = await client.refreshTokenGrant(config, login.refresh_token, undefined, { DPoP })
tell({
  end: {
    certificate: found.credentialInfos[0].cert.certificates[0], signature: signatures[0], again,
    types: [login.token_type, agreed.token_type, next.token_type],
    kept: next.refresh_token === undefined || next.refresh_token === login.refresh_token,
    refresh: agreed.refresh_token !== undefined, details: agreed.authorization_details,
  },
})
process.exit(0)
