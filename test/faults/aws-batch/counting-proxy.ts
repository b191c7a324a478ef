import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';

/** Stands between a client and a server, and decides after each call whether its answer gets through. */
export interface CountingProxy {
  readonly endpoint: string;
  close(): Promise<void>;
}

/**
 * @param done called when the server has done what was asked, before anybody hears of it; `false` swallows the answer
 */
export async function startProxy(upstream: string, done: (call: IncomingMessage) => boolean): Promise<CountingProxy> {
  const server: Server = createServer((call, answer) => forward(upstream, call, answer, done));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function forward(
  upstream: string,
  call: IncomingMessage,
  answer: ServerResponse,
  done: (call: IncomingMessage) => boolean,
): void {
  // The signature covers the host that the client named.
  const onward = request(`${upstream}${call.url}`, { method: call.method, headers: call.headers }, (result) => {
    const chunks: Buffer[] = [];
    result.on('data', (chunk: Buffer) => chunks.push(chunk));
    result.on('end', () => {
      if (!done(call)) return;
      answer.writeHead(result.statusCode ?? 500, result.headers);
      answer.end(Buffer.concat(chunks));
    });
  });
  onward.on('error', () => answer.destroy());
  call.pipe(onward);
}
