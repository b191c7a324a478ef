import { openStore } from '../../src/store/open-store.ts';
import { useS3 } from '../stack/s3/use-s3.ts';
import { storeContract } from './store-contract.ts';
import { tempFolder } from './store/temp-folder.ts';

const s3 = useS3();

storeContract('the S3 store', {
  open: () => openStore(s3.newUrl(), s3.options),
  options: s3.options,
  scratch: tempFolder,
});
