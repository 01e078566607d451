/** A variable of the environment that the program reads. */
export interface Variable {
  readonly what: string;
  /** Its value is told to nobody. */
  readonly isSecret?: true;
  /** Its value is an address. */
  readonly isAddress?: true;
}

/** Every variable that the program reads, with what it is for: for the manual page, and for `neurodex doctor`. */
export const VARIABLES = {
  NEURODEX_CACHE: { what: 'folder for downloads and for copies of shards' },
  NEURODEX_TOKEN: { what: 'what clients of serve and of mcp over HTTP must send', isSecret: true },
  NEURODEX_WRITE_TOKEN: { what: 'what clients of serve must send to change an index', isSecret: true },
  NEURODEX_SHARD_TOKEN: { what: 'what servers of shards want of a server that fronts them', isSecret: true },
  NEURODEX_THREADS: { what: 'threads that compute one operation, in place of one for each core' },
  NEURODEX_DOWNLOAD_HOSTS: { what: 'more hosts from which pictures may be downloaded, separated by commas' },
  NEURODEX_DEBUG: { what: '1 prints where in the program an error came from' },
  NO_COLOR: { what: 'progress without colours' },
  HTTPS_PROXY: { what: 'proxy of requests by https', isAddress: true },
  HTTP_PROXY: { what: 'proxy of requests by http', isAddress: true },
  ALL_PROXY: { what: 'proxy of both, where their own is not set', isAddress: true },
  NO_PROXY: { what: 'hosts that are asked without the proxy' },
  HF_TOKEN: { what: 'token of the Hugging Face hub, for data sets that ask for one', isSecret: true },
  HF_ENDPOINT: { what: 'another server in place of the Hugging Face hub', isAddress: true },
  COCO_ENDPOINT: { what: 'another server of COCO', isAddress: true },
  FASHION_MNIST_ENDPOINT: { what: 'another server of Fashion-MNIST', isAddress: true },
  AWS_ACCESS_KEY_ID: { what: 'key of S3' },
  AWS_SECRET_ACCESS_KEY: { what: 'secret of that key', isSecret: true },
  AWS_SESSION_TOKEN: { what: 'token of temporary credentials of S3', isSecret: true },
  AWS_REGION: { what: 'region of S3' },
  AWS_DEFAULT_REGION: { what: 'the same, where AWS_REGION is not set' },
  AWS_ENDPOINT_URL: { what: 'another server in place of that of Amazon', isAddress: true },
  AWS_ENDPOINT_URL_S3: { what: 'the same, for S3 alone', isAddress: true },
  AWS_VIRTUAL_HOSTED_STYLE_REQUEST: { what: 'true has the bucket in the name of the host' },
  WANDB_API_KEY: { what: 'key of Weights & Biases, for --track wandb', isSecret: true },
  WANDB_ENTITY: { what: 'team of Weights & Biases' },
  WANDB_PROJECT: { what: 'project there, where --wandb-project names none' },
  WANDB_RUN_GROUP: { what: 'group of the run' },
  WANDB_TAGS: { what: 'tags of the run, separated by commas' },
  WANDB_NOTES: { what: 'notes on the run' },
  WANDB_DIR: { what: 'folder for runs that are kept on this machine' },
  WANDB_MODE: { what: 'offline keeps runs of Weights & Biases on this machine' },
  MLFLOW_TRACKING_URI: { what: 'server or folder of MLflow, for --track mlflow' },
  MLFLOW_EXPERIMENT_NAME: { what: 'experiment of MLflow' },
  MLFLOW_TRACKING_USERNAME: { what: 'name for that server' },
  MLFLOW_TRACKING_PASSWORD: { what: 'password for that server', isSecret: true },
  MLFLOW_TRACKING_TOKEN: { what: 'token for that server', isSecret: true },
  JOB_COMPLETION_INDEX: { what: 'shard that shards train makes, as Kubernetes sets it' },
} as const satisfies Readonly<Record<string, Variable>>;

export type VariableName = keyof typeof VARIABLES;

export const variables = (): readonly (readonly [name: string, variable: Variable])[] =>
  Object.entries<Variable>(VARIABLES);
