// Calls an origin by one of Node's clients and prints what comes back.
// Usage: node-calls.mjs (http|agent|fetch|undici-fetch|undici|undici-h2|http2) BASE...
import crypto from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import {HttpsProxyAgent} from 'https-proxy-agent';

const [how, ...bases] = process.argv.slice(2);
const proxy = process.env.https_proxy;
const undici = how.startsWith('undici') ? await import('undici') : undefined;
const UPLOAD = Buffer.alloc(300000, 'upload ');

function show(path, status, headers, body, trailers = []) {
  // One client asks for the end of the connection, and only some origins repeat it.
  const end = Array.isArray(headers) ? headers.indexOf('Connection') : -1;
  if (end >= 0) headers.splice(end, 2);
  const sha = crypto.createHash('sha256').update(body).digest('hex').slice(0, 16);
  console.log(path, status, JSON.stringify(headers), body.length, sha, JSON.stringify(trailers));
}

/** Resolves to the bytes of a stream. */
async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function byModule(agent) {
  return (base, path, method, body) => new Promise((resolve, reject) => {
    const module = base.startsWith('https') ? https : http;
    const request = module.request(base + path, {method, agent}, async response => {
      const bytes = await all(response);
      show(path, response.statusCode, response.rawHeaders, bytes, response.rawTrailers);
      resolve();
    });
    request.on('error', reject);
    if (path === '/digest') {
      request.setHeader('Trailer', 'X-Sum');
      request.write(body);
      request.addTrailers({'X-Sum': 'one, two'});
    }
    request.end(path === '/digest' ? undefined : body);
  });
}

function byFetch(fetch, options) {
  return async (base, path, method, body) => {
    const answer = await fetch(base + path, {method, body, redirect: 'manual', ...options});
    show(path, answer.status, [...answer.headers], Buffer.from(await answer.arrayBuffer()));
  };
}

function byUndici(dispatcher) {
  return async (base, path, method, body) => {
    const answer = await undici.request(base + path, {method, body, dispatcher});
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    show(path, answer.statusCode, answer.headers, bytes, answer.trailers);
  };
}

/** A connection to the origin, inside a CONNECT if there is a proxy. */
async function connect(url) {
  const via = proxy ? new URL(proxy) : url;
  const socket = net.connect(via.port, via.hostname);
  if (proxy) {
    socket.write(`CONNECT ${url.host} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    let head = '';
    // Byte by byte: what follows the head is the origin's.
    while (!head.endsWith('\r\n\r\n')) {
      const byte = socket.read(1);
      if (byte) {
        head += byte.toString('latin1');
      } else {
        await new Promise(resolve => socket.once('readable', resolve));
      }
    }
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(head);
  }
  return url.protocol === 'http:' ? socket
    : tls.connect({socket, servername: url.hostname, ALPNProtocols: ['h2']});
}

/** Three streams at once, then one more. */
async function byHttp2(base) {
  const url = new URL(base);
  const socket = await connect(url);
  const session = http2.connect(base, {createConnection: () => socket});
  const ask = async (path, method, body) => {
    const waitForTrailers = path === '/digest';
    const stream = session.request({':path': path, ':method': method}, {endStream: !body, waitForTrailers});
    stream.on('wantTrailers', () => stream.sendTrailers({'x-sum': 'one, two'}));
    if (body) stream.end(body);
    let head, trailers = {};
    stream.on('response', headers => { head = headers; });
    stream.on('trailers', headers => { trailers = headers; });
    const bytes = await all(stream);
    return () => show(path, head[':status'], head, bytes, trailers);
  };
  const together = [ask('/text', 'GET'), ask('/echo', 'POST', UPLOAD), ask('/big?bytes=500000', 'GET')];
  for (const shown of await Promise.all(together)) shown();
  (await ask('/trailers', 'GET'))();
  (await ask('/digest', 'PUT', UPLOAD))();
  session.close();
}

const agent = options => proxy ? new undici.ProxyAgent({uri: proxy, ...options}) : new undici.Agent(options);
const call = {
  http: () => byModule(undefined),
  agent: () => byModule(proxy ? new HttpsProxyAgent(proxy) : undefined),
  fetch: () => byFetch(fetch, {}),
  'undici-fetch': () => byFetch(undici.fetch, {dispatcher: new undici.EnvHttpProxyAgent()}),
  undici: () => byUndici(agent({})),
  'undici-h2': () => byUndici(agent({allowH2: true, requestTls: {allowH2: true}})),
  http2: () => undefined,
}[how]();
for (const base of bases) {
  if (how === 'http2') {
    await byHttp2(base);
  } else {
    await call(base, '/text', 'GET');
    await call(base, '/coded/gzip', 'GET');
    await call(base, '/echo', 'POST', UPLOAD);
    await call(base, '/status?code=404', 'GET');
    await call(base, '/trailers', 'GET');
    if (how === 'http' || how === 'agent') await call(base, '/digest', 'PUT', UPLOAD);
  }
}
