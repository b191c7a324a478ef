import { type Edit, only, swap } from './edit.ts';
import { madeSteps, REST } from './pipeline-folders.ts';

const MAKE = `function make(name: string, n: number) {
  const twice = n * 2;
  return defineStep({ name, ${REST}
    async run({ outputs, $ }) { await $\`echo \${twice} \${outputs.out}\`; },
  });
}
`;

/** Steps that code makes. */
export const MADE: Edit[] = [
  swap(
    'an argument of a factory',
    only(madeSteps(`${MAKE}const steps = [make('one', XX), make('two', 5)];`)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'the body of a factory',
    only(madeSteps(`${MAKE.replace('n * 2', 'n * XX')}const steps = [make('one', 1), make('two', 5)];`)),
    ['2', '3'],
    ['one', 'two'],
  ),
  swap(
    'the resources in a factory',
    only(madeSteps(`${MAKE.replace('100 MB', 'XX MB')}const steps = [make('one', 1), make('two', 5)];`)),
    ['100', '200'],
    [],
  ),
  swap(
    'a constant given to a factory',
    only(madeSteps(`${MAKE}const K = XX;\nconst steps = [make('one', K), make('two', 5)];`)),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a factory of another module',
    {
      'pipeline.ts': madeSteps(
        "import { make } from './make.ts';\nconst steps = [make('one', samples, 1), make('two', samples, XX)];",
      ),
      'make.ts': `import { defineStep } from 'batch-pipeline';\nexport ${MAKE.replace('name: string', 'name: string, samples: any')}`,
    },
    ['1', '2'],
    ['two'],
  ),
  swap(
    'an entry of a list that steps are made of',
    only(
      madeSteps(`const steps = ([['one', 1], ['two', XX]] as const).map(([name, n]) => defineStep({ name, ${REST}
  async run({ outputs, $ }) { await $\`echo \${n} \${outputs.out}\`; } }));`),
    ),
    ['2', '3'],
    ['one', 'two'],
  ),
  swap(
    'an entry of a list that a loop goes through',
    only(
      madeSteps(`const steps = [];
for (const [name, n] of [['one', 1], ['two', XX]] as const) {
  steps.push(defineStep({ name, ${REST} async run({ outputs, $ }) { await $\`echo \${n} \${outputs.out}\`; } }));
}`),
    ),
    ['2', '3'],
    ['one', 'two'],
  ),
  swap(
    'what a run is made of',
    only(
      madeSteps(`const runner = (n: number) => async ({ outputs, $ }: any) => { await $\`echo \${n} \${outputs.out}\`; };
const steps = [defineStep({ name: 'one', ${REST} run: runner(XX) }), defineStep({ name: 'two', ${REST} run: runner(5) })];`),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a run that two steps share',
    only(
      madeSteps(`const run = async ({ outputs, $ }: any) => { await $\`echo XX \${outputs.out}\`; };
const steps = [defineStep({ name: 'one', ${REST} run }), defineStep({ name: 'two', ${REST} run })];`),
    ),
    ['1', '2'],
    ['one', 'two'],
  ),
  swap(
    'a method that makes a step',
    only(
      madeSteps(`class Maker {
  n: number;
  constructor(n: number) { this.n = n; }
  make(name: string) { return defineStep({ name, ${REST} run: async ({ outputs, $ }) => { await $\`echo \${this.n} \${outputs.out}\`; } }); }
}
const steps = [new Maker(XX).make('one'), new Maker(5).make('two')];`),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'fields that are spread into a step',
    only(
      madeSteps(`const common = { ${REST} run: async ({ outputs, $ }: any) => { await $\`echo XX \${outputs.out}\`; } };
const steps = [defineStep({ ...common, name: 'one' }), defineStep({ name: 'two', ${REST} async run() {} })];`),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a step made after waiting, of which nothing is known',
    only(
      madeSteps(`const unused = XX;
async function make(name: string) { await null; return defineStep({ name, ${REST} async run() { console.log(name); } }); }
const steps = [await make('one'), defineStep({ name: 'two', ${REST} async run() {} })];`),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a copy of a step with other resources',
    only(
      madeSteps(`const base = defineStep({ name: 'one', ${REST} async run() { console.log(XX); } });
const unused = 1;
const steps = [{ ...base, attempts: 2 }, defineStep({ name: 'two', ${REST} async run() {} })];`),
    ),
    ['1', '2'],
    ['one'],
  ),
  swap(
    'a step whose run is wrapped',
    only(
      madeSteps(`const base = defineStep({ name: 'one', ${REST} async run() { console.log(XX); } });
const steps = [{ ...base, run: (context: any) => base.run(context) }, defineStep({ name: 'two', ${REST} async run() {} })];`),
    ),
    ['1', '2'],
    ['one'],
  ),
];
