/**
 * How every repository of ours is made, by `images push` and by the template of `deploy`. A tag is the content of an
 * image, so none is ever moved: docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export const REPOSITORY_SETTINGS = {
  imageTagMutability: 'IMMUTABLE',
  imageScanningConfiguration: { scanOnPush: true },
} as const;

/** Images that stay in a repository, whether or not something uses them. */
const IMAGES_KEPT = 300;

/** docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
export const LIFECYCLE_POLICY = {
  rules: [
    {
      rulePriority: 1,
      description: `Keep the newest ${IMAGES_KEPT} images`,
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: IMAGES_KEPT },
      action: { type: 'expire' },
    },
  ],
} as const;
