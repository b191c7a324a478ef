import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Bundle, FileIdentity } from '../record/manifest.ts';
import type { Store } from '../store/store.ts';
import type { Engine, Finding } from './engine.ts';
import type { LocalEngine } from './local/local-engine.ts';

/** One flag of an engine; its key `maxRunning` is `--max-running` on the command line. */
export interface EngineFlag {
  /** What its value is called in help texts: `name` for `--queue <name>`. Without it the flag is a switch. */
  value?: string;
  description: string;
  /** What holds where it is not given, for help texts. */
  default?: string;
  /** It may be given several times. */
  repeatable?: true;
  /** A retry may give it anew: nothing that is stored depends on it. */
  onRetry?: true;
}

/** By key, in camelCase. */
export type EngineFlags = Readonly<Record<string, EngineFlag>>;

/** The values of an engine's flags, as they were given: strings, lists of them where repeatable, `true` for a switch. */
export type GivenFlags<F extends EngineFlags = EngineFlags> = string extends keyof F
  ? Readonly<Record<string, FlagValue | undefined>>
  : { readonly [K in keyof F]?: ValueOf<F[K]> | undefined };

type FlagValue = string | readonly string[] | boolean;
type ValueOf<F extends EngineFlag> = F extends { repeatable: true }
  ? readonly string[]
  : F extends { value: string }
    ? string
    : boolean;

/** What stands for a step's tools. */
export interface StepEnvironment {
  toolVersions: Readonly<Record<string, string>>;
  image?: string | undefined;
  /** Stands for the image where its name does not identify its content: of a file, its size and time. */
  imageIdentity?: string | undefined;
}

/** A pipeline, and the file that defines it: `builtin:NAME`, or an absolute path. */
export interface PlannedPipeline {
  pipeline: Pipeline;
  source: string;
}

/** A plan, before anything is submitted. */
export interface PlannedWork {
  samples: readonly { files: Readonly<Record<string, FileIdentity>> }[];
  jobs: readonly { step: string }[];
  request: {
    loaded: PlannedPipeline;
    references: Readonly<Record<string, FileIdentity>>;
    /** By step. */
    environments: Readonly<Record<string, StepEnvironment>>;
  };
}

/** What the program does for engines, besides running them. */
export interface EngineServices {
  /**
   * By step: the versions of its tools on this machine.
   * @throws PipelineErrors for tools that are missing
   */
  toolsHere: (pipeline: Pipeline) => Promise<Record<string, StepEnvironment>>;
  /** Publishes a zip of the runner, of a user's pipeline (a zip itself) if given, and of the conductor if wanted. */
  publishBundle: (options: { code?: Uint8Array | undefined; conductor?: boolean }) => Promise<Bundle>;
  /** Names of images in ECR whose folder has changed since they were pushed. */
  outdatedImages: (
    loaded: PlannedPipeline,
    pushed: Readonly<Record<string, string>>,
    options: { region: string | undefined; endpoint: string | undefined; patienceMs: number },
  ) => Promise<string[]>;
}

/** What an engine is opened with. */
export interface EngineContext<F extends EngineFlags = EngineFlags> extends EngineServices {
  flags: GivenFlags<F>;
  store: Store;
  /** Variables of the process that opens it. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The runner's main file, on this machine: `[process.execPath, runnerModule]` performs one task. */
  runnerModule: string;
  /** Folder for scratch folders of attempts on this machine. */
  scratchRoot: string;
  /** Between polls, where the user wants another interval than the engine's own. */
  pollIntervalMs?: number | undefined;
}

/** An engine, and what a run on it needs besides. */
export interface OpenedEngine {
  engine: Engine;
  /**
   * What stands for the tools of a pipeline's steps where their tasks run: versions, or images.
   * @throws PipelineErrors for tools that are missing, and steps without an image where all need one
   */
  environments: (pipeline: Pipeline) => Promise<Record<string, StepEnvironment>>;
  /** Inputs that tasks cannot reach, and images that are older than their folder. */
  findings: (planned: PlannedWork) => Promise<Finding[]>;
  /** Of one that works in this process. */
  local?: LocalEngine;
  /** Of one whose jobs run in containers elsewhere. */
  elsewhere?: Elsewhere;
  /** Values of flags that were found rather than given: kept with the run, so that its jobs are looked for there. */
  place?: Readonly<Record<string, string>>;
}

/** What a run needs whose jobs see nothing of this machine. */
export interface Elsewhere {
  /** Publishes what the containers fetch: the runner, and a user's pipeline (a zip), or the built-in one. */
  bundle(code?: Uint8Array): Promise<Bundle>;
}

/** A kind of engine: its name, its flags, and how to open it. */
export interface EngineProvider<F extends EngineFlags = EngineFlags> {
  /** Letters, digits and `-`; what runs and messages call it. */
  name: string;
  flags: F;
  /** @throws PipelineError for flags that make no sense together */
  open(context: EngineContext<F>): Promise<OpenedEngine>;
}

/** Defines an engine, with the types of its flags: the default export of a file that `--engine` names. */
export function defineEngine<const F extends EngineFlags>(provider: EngineProvider<F>): EngineProvider<F> {
  return provider;
}
