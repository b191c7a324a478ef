// Preloaded into every Node of a measured container: says when the process began to run scripts, and at its end what
// processor time it took: on a busy machine the sounder number.
const { appendFileSync } = require('node:fs');

// Of code from the command line the first argument is a URL.
const name = process.execArgv.includes('-e') ? 'bare' : process.argv[1]?.split('/').at(-1);
appendFileSync('/bench/marks', `${Date.now()} ${name}\n`);
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  appendFileSync('/bench/marks', `${(user + system) / 1000} ${name}:cpu\n`);
});
