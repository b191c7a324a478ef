import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  SimulateCustomPolicyCommand,
} from '@aws-sdk/client-iam';
import type { SeenRequest } from '../../stack/s3/fault-proxy.ts';

/** One action, as IAM sees it. */
export interface Deed {
  action: string;
  resource: string;
  /** Condition keys of the request. */
  context?: Readonly<Record<string, string>>;
}

/** Policies in force, as JSON. */
export interface PolicySimulator {
  documentsOfRole(arn: string): Promise<string[]>;
  documentOf(policyArn: string): Promise<string>;
  /** Those of these deeds that the policies do not allow, or do: `s3:PutObject arn:…`. */
  denied(policies: readonly string[], deeds: readonly Deed[]): Promise<string[]>;
  allowed(policies: readonly string[], deeds: readonly Deed[]): Promise<string[]>;
  close(): void;
}

export function openPolicySimulator(endpoint: string): PolicySimulator {
  const iam = new IAMClient({ endpoint });
  const decided = async (policies: readonly string[], deeds: readonly Deed[], allows: boolean): Promise<string[]> => {
    const found = await Promise.all(
      deeds.map(async (deed) => ((await isAllowed(iam, policies, deed)) === allows ? text(deed) : [])),
    );
    return [...new Set(found.flat())].toSorted((a, b) => a.localeCompare(b));
  };
  const documentOf = async (PolicyArn: string): Promise<string> => {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    const version = new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId });
    return decodeURIComponent((await iam.send(version)).PolicyVersion?.Document ?? '');
  };
  return {
    documentOf,
    async documentsOfRole(arn) {
      const RoleName = arn.replace(/^.*\//, '');
      const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const inline = PolicyNames.map(async (PolicyName) => {
        const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
        return decodeURIComponent(PolicyDocument);
      });
      return Promise.all([...AttachedPolicies.map(({ PolicyArn = '' }) => documentOf(PolicyArn)), ...inline]);
    },
    denied: (policies, deeds) => decided(policies, deeds, false),
    allowed: (policies, deeds) => decided(policies, deeds, true),
    close: () => iam.destroy(),
  };
}

async function isAllowed(
  iam: IAMClient,
  policies: readonly string[],
  { action, resource, context = {} }: Deed,
): Promise<boolean> {
  const { EvaluationResults = [] } = await iam.send(
    new SimulateCustomPolicyCommand({
      ...{ PolicyInputList: [...policies], ActionNames: [action], ResourceArns: [resource] },
      ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
        ...{ ContextKeyName, ContextKeyType: 'string' as const, ContextKeyValues: [value] },
      })),
    }),
  );
  return EvaluationResults.every(({ EvalDecision }) => EvalDecision === 'allowed') && EvaluationResults.length > 0;
}

function text({ action, resource, context }: Deed): string {
  return [action, resource, ...Object.entries(context ?? {}).map(([key, value]) => `${key}=${value}`)].join(' ');
}

/**
 * What a request to S3 is to IAM: docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 * @throws for one that is not known here
 */
export function s3Deeds({ method, url, deletes, headers }: SeenRequest): Deed[] {
  const { pathname, searchParams: query } = new URL(url, 'http://s3');
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  const onBucket = `arn:aws:s3:::${bucket}`;
  const resource = `${onBucket}/${key}`;
  if (method === 'POST' && query.has('delete')) {
    const keys = [...deletes.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, found]) => found);
    return keys.map((found) => ({ action: 's3:DeleteObject', resource: `${onBucket}/${found}` }));
  }
  if (key === '') {
    if (query.has('encryption')) return [{ action: 's3:GetEncryptionConfiguration', resource: onBucket }];
    const prefix = query.get('prefix');
    const context = prefix === null ? {} : { 's3:prefix': prefix };
    if (method === 'HEAD' || method === 'GET') return [{ action: 's3:ListBucket', resource: onBucket, context }];
  }
  // S3 answers "missing" only to callers who may list, else "denied".
  if (method === 'GET' || method === 'HEAD')
    return [
      { action: 's3:GetObject', resource },
      { action: 's3:ListBucket', resource: onBucket },
    ];
  if (method === 'PUT' || method === 'POST') {
    const tag = new URLSearchParams(String(headers['x-amz-tagging'] ?? '')).get('batch-pipeline');
    const context = { 's3:RequestObjectTag/batch-pipeline': tag ?? '' };
    return [
      { action: 's3:PutObject', resource },
      ...(tag === null ? [] : [{ action: 's3:PutObjectTagging', resource, context }]),
    ];
  }
  if (method === 'DELETE')
    return [{ action: query.has('uploadId') ? 's3:AbortMultipartUpload' : 's3:DeleteObject', resource }];
  throw new Error(`no action of IAM is known for ${method} ${url}`);
}

/** Tags of other objects of a store than outputs, and other tags than that of intermediate outputs. */
export function taggings(object: (key: string) => string): Deed[] {
  const action = 's3:PutObjectTagging';
  const tag = (value: string) => ({ 's3:RequestObjectTag/batch-pipeline': value });
  return [
    { action, resource: object('in/S1.txt'), context: tag('intermediate') },
    { action, resource: object('v1/runs/needs-1/manifest.json'), context: tag('intermediate') },
    { action, resource: object('v1/needs/outputs/a/x'), context: tag('other') },
    { action, resource: object('v1/needs/outputs/a/x') },
  ];
}
