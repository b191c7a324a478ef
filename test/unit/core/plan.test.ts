import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGather } from '../../../src/pipeline/pipeline.ts';
import { plainInputs } from '../../../src/pipeline/step.ts';
import { makePlan } from '../../../src/plan/plan.ts';
import { afterRun, downstream, endSteps, heldAfter, request, running, tasksOf, textSample } from './plan-world.ts';
import { PARAM_NAMES, randomPipeline, sampleName } from './random-pipeline.ts';

const names = fc.uniqueArray(sampleName, { minLength: 1, maxLength: 5 });
const samples = names.map((all) => all.map((name) => textSample(name)));

describe('for any pipeline', () => {
  test('a first run runs every task, and a second one nothing', () => {
    fc.assert(
      fc.property(randomPipeline, samples, (pipeline, cohort) => {
        const first = request(pipeline, cohort);
        const plan = makePlan(first);
        const wanted = tasksOf(plan, cohort).map(({ task }) => task);
        expect(running(plan, cohort)).toEqual(wanted);
        expect(running(makePlan(afterRun(first)), cohort)).toEqual([]);
      }),
    );
  });

  test('more samples change nothing for the others', () => {
    fc.assert(
      fc.property(randomPipeline, samples, samples, (pipeline, cohort, more) => {
        const before = request(pipeline, cohort);
        const added = more.filter(({ name }) => !cohort.some((other) => other.name === name));
        const all = [...added.slice(0, 1), ...cohort, ...added.slice(1)];
        const plan = makePlan({ ...afterRun(before), samples: all });
        const keys = new Map(tasksOf(makePlan(before), cohort).map(({ task, key }) => [task, key]));
        const isOld = (sample: string) => cohort.some(({ name }) => name === sample);
        for (const { task, sample, key, decision } of tasksOf(plan, all)) {
          if (isOld(sample)) expect([task, key, decision]).toEqual([task, keys.get(task), 'up-to-date']);
        }
        const gathers = pipeline.steps.filter((step) => isGather(step)).map(({ name }) => `${name}/cohort`);
        const expected = tasksOf(plan, all).filter(({ sample }) => added.some(({ name }) => name === sample));
        expect(new Set(running(plan, all))).toEqual(
          new Set(added.length === 0 ? [] : [...expected.map(({ task }) => task), ...gathers]),
        );
      }),
    );
  });

  test('the order of the samples matters only to gathers', () => {
    fc.assert(
      fc.property(randomPipeline, samples, (pipeline, cohort) => {
        const turned = cohort.toReversed();
        const plan = makePlan({ ...afterRun(request(pipeline, cohort)), samples: turned });
        const gathers = pipeline.steps.filter((step) => isGather(step)).map(({ name }) => `${name}/cohort`);
        expect(running(plan, turned)).toEqual(cohort.length > 1 ? gathers : []);
      }),
    );
  });

  test('a changed param reruns exactly the steps that read it and what follows', () => {
    fc.assert(
      fc.property(randomPipeline, samples, fc.constantFrom(...PARAM_NAMES), (pipeline, cohort, param) => {
        const before = afterRun(request(pipeline, cohort));
        const plan = makePlan({ ...before, params: { [param]: 'changed' } });
        const readers = pipeline.steps.filter((step) => param in step.params).map(({ name }) => name);
        const expected = readers.length === 0 ? new Set() : downstream(pipeline, readers);
        const tasks = tasksOf(plan, cohort);
        expect(running(plan, cohort)).toEqual(tasks.filter(({ step }) => expected.has(step)).map(({ task }) => task));
        expect(tasks.every(({ decision }) => decision !== 'not-needed')).toBe(true);
      }),
    );
  });

  test('a changed file of one sample reruns that sample, and the gathers', () => {
    fc.assert(
      fc.property(randomPipeline, names, fc.nat(), (pipeline, all, pick) => {
        const changed = all[pick % all.length]!;
        const before = afterRun(
          request(
            pipeline,
            all.map((name) => textSample(name)),
          ),
        );
        const cohort = all.map((name) => textSample(name, name === changed ? 'other' : 'e'));
        const readers = pipeline.steps.filter((step) => plainInputs(step).some(({ kind }) => kind === 'sample-file'));
        const reached = downstream(
          pipeline,
          readers.map(({ name }) => name),
        );
        const plan = makePlan({ ...before, samples: cohort });
        const expected = tasksOf(plan, cohort).filter(
          ({ step, sample }) => reached.has(step) && (sample === changed || sample === 'cohort'),
        );
        expect(running(plan, cohort)).toEqual(expected.map(({ task }) => task));
      }),
    );
  });

  test('whatever the store has lost, tasks that run have their inputs, are not held, and are needed', () => {
    const seed = fc.infiniteStream(fc.boolean());
    fc.assert(
      fc.property(randomPipeline, samples, seed, seed, (pipeline, cohort, lost, hurt) => {
        const first = request(pipeline, cohort);
        const tasks = tasksOf(makePlan(first), cohort);
        const kept = tasks.filter(() => !lost.next().value);
        const damaged = new Set(kept.map(({ task }) => task).filter(() => hurt.next().value));
        const whole = new Set(kept.map(({ task }) => task).filter((task) => !damaged.has(task)));
        const plan = makePlan({ ...first, held: heldAfter(kept, damaged) });
        const runs = new Set(running(plan, cohort));
        const ends = endSteps(pipeline);
        for (const { task, step, sample, decision } of tasksOf(plan, cohort)) {
          if (whole.has(task)) expect([task, decision]).toEqual([task, 'up-to-date']);
          else if (ends.has(step)) expect([task, decision]).toEqual([task, 'run']);
          if (!runs.has(task)) continue;
          for (const input of inputTasks(step, sample)) expect(whole.has(input) || runs.has(input)).toBe(true);
          expect(ends.has(step) || [...runs].some((other) => isInputOf(task, other))).toBe(true);
        }

        function inputTasks(step: string, sample: string): string[] {
          const inputs = plainInputs(pipeline.steps.find(({ name }) => name === step)!);
          return inputs.flatMap((input) => {
            if (!('step' in input)) return [];
            const isCohort = pipeline.steps.find(({ name }) => name === input.step)!.scope === 'cohort';
            if (input.kind === 'collected') return cohort.map(({ name }) => `${input.step}/${name}`);
            return [`${input.step}/${isCohort ? 'cohort' : sample}`];
          });
        }
        function isInputOf(task: string, other: string): boolean {
          const [step = '', sample = ''] = other.split('/');
          return inputTasks(step, sample).includes(task);
        }
      }),
    );
  });
});
