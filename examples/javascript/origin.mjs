// The origin of test.mjs, on a thread of its own, for a call of the component blocks the one that it is called on.
import { createServer } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

const counts = new Int32Array(workerData); // connections made, connections open
const count = (index, by) => {
  Atomics.add(counts, index, by);
  Atomics.notify(counts, index);
};

const targets = {
  '/echo': (request, response) => {
    request.on('end', () => response.setHeader('X-Trailer', request.trailers['x-sum'] ?? ''));
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => response.end(Buffer.concat(pieces)));
  },
  '/default': (request, response) => response.setHeader('X-Default', request.headers['x-default'] ?? 'none').end(),
  '/login': (_, response) => response.writeHead(302, { Location: 'cookies', 'Set-Cookie': 'name=value' }).end(),
  '/cookies': (request, response) => response.end(request.headers.cookie ?? 'none'),
  '/large': (_, response) => response.end(Buffer.alloc(20 * 1024 * 1024, 'x')),
  '/last-first': (_, response) => {
    // Ten are answered in the reverse of their order, so they must have been under way at once.
    waiting.unshift(response);
    if (waiting.length === 10) waiting.splice(0).forEach((each, place) => each.end(String(place)));
  },
  '/trailers': (_, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' });
    response.write('abc');
    response.addTrailers({ 'X-Sum': '1' });
    response.end();
  },
  '/hints': (_, response) => response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.end('ok')),
  // By hand: Node would reset the connection now, and the Node of the client then drops what it has received.
  '/refuse': (request) => {
    request.resume();
    request.socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large');
  },
  '/silent': () => {},
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/garbage': (request) => request.socket.end('Good morning.\r\n'),
  '/short': (request) => request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
  '/endless': (_, response) => {
    const fill = () => {
      while (response.write(Buffer.alloc(65536)));
    };
    response.on('drain', fill);
    fill();
  },
};
const waiting = [];

const server = createServer((request, response) => {
  const answer = targets[request.url] ?? ((_, response) => response.end('hello'));
  answer(request, response);
});
server.on('connection', (socket) => {
  count(0, 1);
  count(1, 1);
  socket.on('close', () => count(1, -1));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
