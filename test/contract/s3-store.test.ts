import { storeContract } from 'batch-pipeline/testing';
import { openStore } from '../../src/store/open-store.ts';
import { useS3 } from '../stack/s3/use-s3.ts';
import { holdTo } from './hold-to.ts';

const s3 = useS3();

holdTo(
  'the S3 store keeps the contract of a store',
  storeContract({ open: () => openStore(s3.newUrl(), s3.options), options: s3.options }),
);
