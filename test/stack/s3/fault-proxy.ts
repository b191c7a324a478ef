import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came in. */
export interface SeenRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage['headers'];
  /** What became of it. */
  fault: Fault;
  /** What it said, of a request that names objects nowhere else. */
  deletes: string;
}

type RequestHead = Pick<SeenRequest, 'method' | 'url' | 'headers'>;

/**
 * - `pass`: nothing happens to it.
 * - `slow-down`: 503 SlowDown, without asking the server.
 * - `deny`: 403 AccessDenied, without asking the server.
 * - `lose-answer`: the server does it, but the connection ends before the answer.
 * - `cut-answer`: half of the answer's body, then the connection ends.
 * - `damage-request`, `damage-answer`: one bit of the body is flipped.
 * - `hold`: never answered.
 */
export type Fault =
  | 'pass'
  | 'slow-down'
  | 'deny'
  | 'lose-answer'
  | 'cut-answer'
  | 'damage-request'
  | 'damage-answer'
  | 'hold';

/** A proxy for an S3 server that counts requests and injects the configured faults. */
export interface FaultProxy {
  readonly endpoint: string;
  /** Every request since the start, in order. */
  readonly seen: SeenRequest[];
  /** Decides about each request from now on. */
  decide(rule: (request: RequestHead) => Fault): void;
  stop(): Promise<void>;
}

const SLOW_DOWN =
  '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate</Message></Error>';
const DENIED = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';

export async function startFaultProxy(port: number): Promise<FaultProxy> {
  const seen: SeenRequest[] = [];
  let rule: (request: RequestHead) => Fault = () => 'pass';
  const server = createServer((incoming, answer) => {
    const { method = '', url = '', headers } = incoming;
    const fault = rule({ method, url, headers });
    const request: SeenRequest = { method, url, headers, fault, deletes: '' };
    seen.push(request);
    if (/\?delete\b/.test(url)) incoming.on('data', (chunk: Buffer) => (request.deletes += chunk.toString()));
    handle(port, fault, incoming, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    decide: (next) => void (rule = next),
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function handle(port: number, fault: Fault, incoming: IncomingMessage, answer: ServerResponse): void {
  if (fault === 'hold') return void incoming.resume();
  if (fault === 'slow-down' || fault === 'deny') {
    const [status, text] = fault === 'deny' ? [403, DENIED] : [503, SLOW_DOWN];
    incoming.resume().once('end', () => answer.writeHead(status, { 'content-type': 'application/xml' }).end(text));
    return;
  }
  // The `host` header stays that of the proxy, since it is part of the signature.
  const { method, url, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false });
  onward.on('response', (response) => pass(fault, response, answer));
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  incoming.on('data', (chunk: Buffer) => onward.write(fault === 'damage-request' ? flipped(chunk) : chunk));
  incoming.on('end', () => onward.end());
}

function pass(fault: Fault, response: IncomingMessage, answer: ServerResponse): void {
  if (fault === 'lose-answer') return void response.resume().once('end', () => answer.destroy());
  answer.writeHead(response.statusCode ?? 500, response.headers);
  let left = fault === 'cut-answer' ? Math.floor(Number(response.headers['content-length'] ?? 0) / 2) : Infinity;
  response.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, left);
    left -= part.length;
    answer.write(fault === 'damage-answer' ? flipped(part) : part);
    // Not before what was written is out: else nothing of it arrives.
    if (left <= 0) answer.write('', () => answer.socket?.end());
  });
  response.on('end', () => answer.end());
}

function flipped(chunk: Buffer): Buffer {
  const copy = Buffer.from(chunk);
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}
