import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Seconds that one test, or one hook, may take on a busy machine: a test that hangs ends, a slow one does not fail. */
const PATIENCE = { unit: 60, contract: 180, e2e: 300, faults: 900 } as const;

/** One project per folder of test/, run in this order. */
const projects = Object.entries(PATIENCE).map(([name, seconds], order): TestProjectInlineConfiguration => ({
  extends: true,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: seconds * 1_000,
    hookTimeout: seconds * 1_000,
    sequence: { groupOrder: order },
  },
}));

export default defineConfig({
  test: {
    projects,
    // Runs as in a user's test: it loads pipelines with Node's own hooks.
    server: { deps: { external: [/\/dist\/testing\.js$/] } },
    // Builds dist/, which the tests of the command run.
    globalSetup: './test/global-setup.ts',
    // Tests start tools and services of their own, so more workers than this only wait for each other.
    maxWorkers: 2,
    allowOnly: false,
    expect: { requireAssertions: true },
  },
});
