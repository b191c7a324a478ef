/** A pipeline's demo: makes samples of which the results are known, and compares. It never prints. */
export interface Demo {
  /** Headings of its three parts. */
  titles: { make: string; run: string; compare: string };
  /** Makes the input files, unless they are there and complete. */
  make(options: DemoOptions): Promise<DemoCohort>;
  /** Where the results that it compares are: the output `name` of a step. */
  compares: { step: string; output: string };
  /** @param results the text of that output and where it came from, by sample; samples without one are left out */
  compare(cohort: DemoCohort, results: ReadonlyMap<string, { text: string; location: string }>): DemoComparison;
}

export interface DemoOptions {
  /** Folder of the input files and of nothing else. */
  folder: string;
  /** Real reads to add to the simulated ones. */
  spikeInFolder?: string;
  onProgress: (line: string) => void;
}

/** Paths are absolute. */
export interface DemoCohort {
  readonly sampleSheet: string;
  /** As `--reference-file` takes them: `NAME=PATH`. */
  readonly referenceFiles: readonly string[];
  /** As `--set` takes them: small samples need little. */
  readonly settings: readonly string[];
  /** What the results should be. */
  readonly truth: string;
  /** One line each, for the user: what is special, and what is missing. */
  readonly notes: readonly string[];
  /** A sample that fails on purpose, and whose log is worth reading. */
  readonly failing: string;
}

export interface DemoComparison {
  /** The results are those that were expected, and only the samples that should fail have failed. */
  asExpected: boolean;
  /** For `--json`. */
  json: unknown;
  /** For people. @param stream colours are used if it is a terminal that wants them */
  table(stream: NodeJS.WriteStream): string;
  /** Where among the exported results to look, one line each; `results` is their folder. */
  whereToLook(results: string): readonly string[];
}
