import type { Collected, ReferenceFile, SampleFile, SampleValue, StepInput, StepOutput } from './inputs.ts';

export type ChosenInput = SampleFile | ReferenceFile | StepOutput | SampleValue<unknown> | Collected;

/**
 * What an input means for one sample: for a `firstOf` the first file column that the sample has, else the first
 * step output; otherwise the input itself. `undefined` if the sample has none of the choices.
 */
export function chooseInput(input: StepInput, hasFile: (column: string) => boolean): ChosenInput | undefined {
  if (input.kind !== 'first-of') return input;
  return input.choices.find((choice) => choice.kind === 'output' || hasFile(choice.column));
}
