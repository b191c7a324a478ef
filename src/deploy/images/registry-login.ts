import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A registry's password in a folder of its own: in no argument, no variable and no file of the user's. */
export interface RegistryLogin {
  /** Variables that lead docker, podman and buildah there. */
  environment: Record<string, string>;
  /** Removes it. */
  [Symbol.dispose](): void;
}

/**
 * @param registry `123456789012.dkr.ecr.us-east-1.amazonaws.com`
 * @param authorization `user:password` in base64
 * @param dockerConfig folder of docker's own settings: its contexts tell where the engine is
 */
export function registryLogin(registry: string, authorization: string, dockerConfig: string): RegistryLogin {
  const folder = mkdtempSync(join(tmpdir(), 'batch-pipeline-login-'));
  const file = join(folder, 'config.json');
  const auths = { [registry]: { auth: authorization } };
  writeFileSync(file, JSON.stringify({ auths, ...currentContext(dockerConfig) }), { mode: 0o600 });
  symlinkSync(join(dockerConfig, 'contexts'), join(folder, 'contexts'));
  return {
    environment: { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** docs.docker.com/engine/manage-resources/contexts/ */
function currentContext(dockerConfig: string): { currentContext?: string } {
  const file = join(dockerConfig, 'config.json');
  if (!existsSync(file)) return {};
  const { currentContext: name } = JSON.parse(readFileSync(file, 'utf8')) as { currentContext?: unknown };
  return typeof name === 'string' ? { currentContext: name } : {};
}
