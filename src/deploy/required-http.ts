import type { Plugin } from 'esbuild';

/**
 * Has Node's own `http` and `https` loaded by `require`. An `import` reads all that they export, and so loads the client
 * behind `fetch`, which nothing here uses: a tenth of the processor time in which Fetch & Run and the runner start.
 */
export function requiredHttp(): Plugin {
  const namespace = 'required-http';
  return {
    name: namespace,
    setup(bundling) {
      bundling.onResolve({ filter: /^(node:)?https?$/ }, ({ path, namespace: from }) =>
        from === namespace ? { path, external: true } : { path, namespace },
      );
      bundling.onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
    },
  };
}
