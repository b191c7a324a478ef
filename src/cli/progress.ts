import { styleText } from 'node:util';
import { MultiBar, type SingleBar } from 'cli-progress';
import type { RunEvent, StepProgress } from '../run/events.ts';
import { eventText } from '../views/event-text.ts';
import { notice } from './print.ts';

/** Shows a run's events as they come. */
export interface Progress {
  event(event: RunEvent): void;
  stop(): void;
}

/** Bars on a terminal; in a pipe a plain line whenever much has changed. Nothing at all with `--json`. */
export function createProgress(quiet: boolean): Progress {
  if (quiet) return { event: () => undefined, stop: () => undefined };
  return process.stderr.isTTY ? bars() : lines();
}

const NAME_WIDTH = 12;

function bars(): Progress {
  const multi = new MultiBar({
    format: '{step} {bar} {value}/{total} {state}',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: false,
    forceRedraw: true,
    stream: process.stderr,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  });
  const byStep = new Map<string, SingleBar>();
  let isShowing = true;
  const show = (progress: StepProgress): void => {
    const payload = { step: progress.step.padEnd(NAME_WIDTH), state: stateText(progress) };
    const bar = byStep.get(progress.step) ?? multi.create(progress.total, 0, payload);
    byStep.set(progress.step, bar);
    bar.update(progress.done + progress.failed, payload);
  };
  return {
    event: (event) => {
      if (event.kind === 'progress') event.steps.forEach(show);
      else {
        const text = eventText(event);
        if (text !== undefined) multi.log(`${text}\n`);
      }
    },
    stop: () => {
      // Once only: every stop draws the bars again, over whatever has been printed since.
      if (!isShowing) return;
      isShowing = false;
      multi.stop();
    },
  };
}

function stateText({ running, failed }: StepProgress): string {
  const parts = [running > 0 ? `${running} running` : '', failed > 0 ? styleText('red', `${failed} failed`) : ''];
  return parts.filter(Boolean).join(', ');
}

/** Seconds between plain lines while nothing remarkable happens. */
const LINE_SECONDS = 10;

function lines(): Progress {
  let toldAt = -Infinity;
  let told = '';
  return {
    event: (event) => {
      if (event.kind !== 'progress') {
        const text = eventText(event);
        if (text !== undefined) notice(text);
        return;
      }
      const text = event.steps
        .map(
          ({ step, done, failed, total }) =>
            `${step} ${done + failed}/${total}${failed > 0 ? ` (${failed} failed)` : ''}`,
        )
        .join('  ');
      const isOver = event.steps.every(({ done, failed, total }) => done + failed === total);
      if (text === told || (!isOver && performance.now() - toldAt < LINE_SECONDS * 1000)) return;
      toldAt = performance.now();
      told = text;
      notice(text);
    },
    stop: () => undefined,
  };
}
