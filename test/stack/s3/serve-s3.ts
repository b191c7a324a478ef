/**
 * Runs an S3 server until it is interrupted, and prints what a shell needs to use it.
 * Usage: node test/stack/s3/serve-s3.ts [PORT] [HOST] [BUCKET]
 */
import { once } from 'node:events';
import { S3_KEYS, startS3 } from './start-s3.ts';

const [port = '7070', host = '127.0.0.1', bucket = 'lab-bucket'] = process.argv.slice(2);
const server = await startS3({ port: Number(port), host });
server.makeBucket(bucket);
const variables = { ...S3_KEYS, AWS_ENDPOINT_URL_S3: server.endpoint };
for (const [name, value] of Object.entries(variables)) console.log(`export ${name}=${value}`);
console.log(`# s3://${bucket} is there; Ctrl-C ends the server and removes its data`);
// Without its own timer, this process would end while it waits.
const alive = setInterval(() => undefined, 60_000);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
clearInterval(alive);
await server.stop();
