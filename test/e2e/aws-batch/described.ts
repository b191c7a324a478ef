/** What the AWS command line tells of a deployed stack, as far as tests look at it. */
export interface Queue {
  jobQueueName: string;
  computeEnvironmentOrder: { computeEnvironment: string }[];
  jobStateTimeLimitActions: unknown[];
}

export interface Environment {
  computeEnvironmentName: string;
  computeResources: {
    type: string;
    allocationStrategy: string;
    minvCpus: number;
    maxvCpus: number;
    launchTemplate: { launchTemplateId: string; version: string };
  };
}

export interface LaunchTemplateData {
  BlockDeviceMappings: unknown;
  MetadataOptions: unknown;
  UserData: string;
}
