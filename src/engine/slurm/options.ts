/** How jobs are submitted. */
export interface SlurmOptions {
  /** argv of the runner on a compute node: `['/opt/node', '/shared/batch-pipeline/runner.js']`. */
  runnerCommand: readonly string[];
  /** Folder that login and compute nodes share, for the output of tasks; created if need be. */
  logFolder: string;
  /** The environment of the submitting process. Only PATH, HOME, SLURM_CONF and a few more of it are used. */
  environment: Readonly<Record<string, string | undefined>>;
  /** One partition, or several separated by commas; the cluster's default without it. */
  partition?: string | undefined;
  account?: string | undefined;
  qos?: string | undefined;
  /** Node features, as `sbatch --constraint` takes them. */
  constraint?: string | undefined;
  /** More options of sbatch, each one `--name` or `--name=value`. Those that this engine sets itself are refused. */
  extraArgs?: readonly string[] | undefined;
  /** Most tasks of one step that run at the same time. */
  maxRunning?: number | undefined;
  /** Environment modules to load; they make the job's shell a login shell. */
  modules?: readonly string[] | undefined;
  /** Lines of shell that run before the runner, verbatim: they are a program of the user's. */
  prologue?: readonly string[] | undefined;
  container?: ContainerOptions | undefined;
  /** Between polls; default 15 s. */
  pollIntervalMs?: number | undefined;
  /** How long a controller that is unreachable or full is waited for; default 10 minutes. */
  patienceMs?: number | undefined;
}

/** How images run on the compute nodes. */
export interface ContainerOptions {
  runtime: 'apptainer' | 'singularity' | 'podman';
  /** Image of a step, as the pipeline names it, to the image that this site has. */
  images?: Readonly<Record<string, string>> | undefined;
  /** Folders that the container shows under the same path: the runner's, the store's, the scratch. */
  binds?: readonly string[] | undefined;
}
