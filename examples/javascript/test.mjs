// The component in Node, transpiled by jco: npm test.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { monotonicClock } from '@bytecodealliance/preview2-shim/clocks';
import { client, cookies, session, settings, types } from './xenon/xenon.js';

const { Request, Session, waitAny } = session;
const second = 1_000_000_000n;

const shared = new SharedArrayBuffer(8);
const counts = new Int32Array(shared); // connections made, connections open
const worker = new Worker(new URL('./origin.mjs', import.meta.url), { workerData: shared });
const [port] = await once(worker, 'message');
after(() => worker.terminate());

const sessions = [];
afterEach(() => {
  sessions.splice(0).forEach(drop);
  allClosed();
});

// What the statement `using` does in newer Nodes. Dropping a resource twice does nothing.
const drop = (resource) => resource[Symbol.dispose]();

const bytes = (text) => new TextEncoder().encode(text);
const text = (content) => new TextDecoder().decode(content);
const made = () => Atomics.load(counts, 0);

// Blocks until the origin has none open.
function allClosed() {
  for (let open; (open = Atomics.load(counts, 1)) > 0; ) {
    assert.equal(Atomics.wait(counts, 1, open, 10_000) === 'timed-out', false, `${open} connections stay open`);
  }
}

// A session with timeouts of its own, since nothing else can end a call that blocks.
function open(host = '127.0.0.1', at = port) {
  const opened = new Session('http', host, at);
  sessions.push(opened);
  change(opened, (options) => {
    options.setLookupTimeout(5n * second);
    options.setExchangeTimeout(20n * second);
  });
  return opened;
}

function change(session, change) {
  const options = session.options();
  change(options);
  session.setOptions(options);
}

// What a call that must fail throws: the record `error`.
function failure(call) {
  try {
    call();
  } catch (error) {
    if (error.payload === undefined) throw error;
    return error.payload;
  }
  return assert.fail('it did not fail');
}

test('requests share a connection, until it is closed', () => {
  const before = made();
  const http = open();
  const response = http.get('/', []);
  assert.equal(response.status, 200);
  assert.equal(text(response.content), 'hello');
  assert.equal(http.get('/', []).status, 200);
  assert.equal(made() - before, 1);
  http.closeConnection();
  allClosed();
  assert.equal(http.get('/', []).status, 200);
  assert.equal(made() - before, 2);
});

test('a name without an address', () => {
  const error = failure(() => open('no-such-host.invalid', 80).get('/', []));
  assert.equal(error.phase, 'resolve');
  assert.match(error.code.tag, /^DNS-(error|timeout)$/);
  assert.match(error.detail, /no-such-host\.invalid/);
});

test('a setting that is wrong changes nothing', () => {
  const http = open();
  const options = http.options();
  options.setLocalAddress('127.0.0.1');
  assert.equal(failure(() => options.setLocalAddress('eth0')).code.tag, 'configuration-error');
  assert.equal(options.localAddress(), '127.0.0.1');
});

test('options are a snapshot, and fields are added by default', () => {
  const [one, other] = [open(), open()];
  const options = new settings.Options();
  options.setDefaultFields([['X-Default', bytes('a')]]);
  one.setOptions(options);
  options.setDefaultFields([]);
  other.setOptions(options);
  const answered = (http) => types.field(http.get('/default', []).fields, 'x-dEFAULT');
  assert.deepEqual([answered(one), answered(other)], ['a', 'none']);
  [options].forEach(drop);
});

test('a client follows redirects and keeps cookies', () => {
  const before = made();
  const [browser, jar, options] = [new client.Client(), new cookies.CookieJar(), new settings.Options()];
  sessions.push(browser);
  options.setExchangeTimeout(20n * second);
  options.setCookieJar(jar);
  browser.setOptions(options);
  const base = `http://127.0.0.1:${port}`;
  assert.equal(text(browser.get(`${base}/cookies`, []).content), 'none');
  const response = browser.request('GET', `${base}/login`).send();
  assert.deepEqual([response.url(), text(response.readToEnd())], [`${base}/cookies`, 'name=value']);
  assert.deepEqual(response.redirects(), [{ url: `${base}/login`, status: 302, location: `${base}/cookies` }]);
  assert.equal(made() - before, 1);
  assert.match(text(jar.exportCookies().text), /127\.0\.0\.1\tFALSE\t\/\tFALSE\t0\tname\tvalue\n$/);
  const error = failure(() => browser.get('http://joe:sesame@127.0.0.1/', []));
  assert.deepEqual([error.phase, error.code.tag], ['setup', 'invalid-URL']);
  [jar, options, response].forEach(drop);
});

test('20 MiB at once, if the limit lets them', () => {
  const http = open();
  assert.equal(failure(() => http.get('/large', [])).code.tag, 'HTTP-response-body-size');
  change(http, (options) => options.setMaxWholeContent(1n << 30n));
  const { content } = http.get('/large', []);
  assert.equal(content.length, 20 * 1024 * 1024);
  assert.ok(content.every((byte) => byte === 0x78));
});

test('20 MiB in pieces', () => {
  const response = new Request(open(), 'GET', '/large').send();
  let length = 0;
  for (let piece; (piece = response.read(65536)) !== undefined; ) length += piece.length;
  assert.equal(response.contentLength(), BigInt(length));
  assert.equal(length, 20 * 1024 * 1024);
});

test('20 MiB in words', () => {
  const response = new Request(open(), 'GET', '/large').send();
  let length = 0;
  for (let piece; (piece = response.readWords(65536)) !== undefined; ) length += piece.length;
  assert.equal(length, 20 * 1024 * 1024);
});

test('content sent at once', () => {
  const content = new Uint8Array(5 * 1024 * 1024).map((_, index) => index);
  assert.deepEqual(open().post('/echo', [], content).content, content);
});

test('content sent in pieces, and trailers', () => {
  const request = new Request(open(), 'PUT', '/echo');
  request.setStreamedContent(undefined);
  const exchange = request.start();
  for (const piece of ['one, ', 'two, ', 'three']) exchange.write(bytes(piece));
  exchange.finish([['X-Sum', bytes('3')]]);
  const response = exchange.response();
  assert.equal(response.field('x-trailer'), '3');
  assert.equal(text(response.readToEnd()), 'one, two, three');
});

test('trailers and interim responses', () => {
  const http = open();
  const [[name, value]] = http.get('/trailers', []).trailers;
  assert.deepEqual([name, text(value)], ['X-Sum', '1']);
  const response = new Request(http, 'GET', '/hints').send();
  assert.deepEqual(response.interimResponses().map(({ status }) => status), [103]);
});

test('ten exchanges at once', () => {
  const http = open();
  change(http, (options) => options.setMaxConnections(10));
  let exchanges = Array.from({ length: 10 }, () => new Request(http, 'GET', '/last-first').start());
  const answers = [];
  while (exchanges.length > 0) {
    const ready = waitAny(exchanges, [], [], 10n * second);
    assert.notEqual(ready.length, 0, 'the time is over');
    for (const index of ready) {
      const response = exchanges[index].tryResponse();
      if (response === undefined) continue;
      answers.push(text(response.readToEnd()));
      drop(exchanges[index]);
      exchanges[index] = undefined;
    }
    exchanges = exchanges.filter((exchange) => exchange !== undefined);
  }
  assert.deepEqual(answers.sort(), [...'0123456789']);
});

test("waiting for the caller's own pollables", () => {
  const exchange = new Request(open(), 'GET', '/silent').start();
  const timer = monotonicClock.subscribeDuration(second / 100n);
  assert.deepEqual([...waitAny([exchange], [], [timer], 10n * second)], [1]);
  assert.deepEqual([...waitAny([exchange], [], [], second / 100n)], []);
  exchange.cancel();
  assert.equal(failure(() => exchange.response()).code.tag, 'cancelled');
});

test('a refusal while content is sent', () => {
  const response = open().post('/refuse', [], new Uint8Array(30 * 1024 * 1024));
  assert.equal(response.status, 413);
  assert.equal(text(response.content), 'too large');
});

test('a peer that does wrong is an error each time, and the session goes on', () => {
  const http = open();
  change(http, (options) => options.setFirstByteTimeout(second / 10n));
  const expected = {
    '/reset': 'connection-terminated',
    '/garbage': 'HTTP-protocol-error',
    '/short': 'HTTP-response-incomplete',
    '/endless': 'HTTP-response-body-size',
    '/silent': 'HTTP-response-timeout',
  };
  for (const [target, code] of Object.entries(expected)) {
    assert.equal(failure(() => http.get(target, [])).code.tag, code, target);
    assert.equal(http.get('/', []).status, 200);
  }
});

test('resources can be dropped in any order', () => {
  const http = open();
  const request = new Request(http, 'GET', '/endless');
  const response = request.send();
  const exchange = new Request(http, 'GET', '/silent').start();
  drop(http);
  allClosed();
  assert.equal(failure(() => response.read(1)).code.tag, 'session-dropped');
  assert.equal(failure(() => exchange.response()).code.tag, 'session-dropped');
  assert.equal(failure(() => request.send()).code.tag, 'session-dropped');
  [request, exchange, response].forEach(drop);
});
