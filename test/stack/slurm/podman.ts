import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Settings of podman below a cluster's folder, by the variable that names them. runc, since crun refuses the hybrid cgroups of some machines. */
export function podmanFiles(home: string): Record<string, string> {
  const storage = join(home, 'storage.conf');
  const containers = join(home, 'containers.conf');
  const [run, graph] = [join(home, 'podman-run'), join(home, 'podman')];
  writeFileSync(storage, `[storage]\ndriver = "vfs"\nrunroot = "${run}"\ngraphroot = "${graph}"\n`);
  writeFileSync(
    containers,
    `[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024", "nproc=1024"]
[network]
network_backend = "cni"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
  );
  return { CONTAINERS_STORAGE_CONF: storage, CONTAINERS_CONF: containers };
}

/** Makes an image of a busybox, and of the libraries that these programs want: they themselves may be shown from outside. */
export function importImage(
  image: string,
  { home, env, programs = [] }: { home: string; env: Readonly<Record<string, string>>; programs?: readonly string[] },
): void {
  const root = join(home, 'image');
  mkdirSync(join(root, 'bin'), { recursive: true });
  const busybox = execFileSync('/bin/sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  copyFileSync(busybox, join(root, 'bin/busybox'));
  for (const name of ['sh', 'sleep', 'cat']) symlinkSync('busybox', join(root, 'bin', name));
  for (const library of programs.flatMap(librariesOf)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  const tar = join(home, 'image.tar');
  execFileSync('tar', ['-C', root, '-cf', tar, '.']);
  execFileSync('podman', ['import', '--quiet', tar, image], { env });
}

function librariesOf(program: string): string[] {
  return execFileSync('ldd', [program], { encoding: 'utf8' }).match(/(?<=^|\s)\/\S+/gm) ?? [];
}
