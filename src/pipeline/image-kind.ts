/** What a step's `image` is: a folder with a Dockerfile (`images/aligner`, `./images/mine`), or a URI (`quay.io/lab/tool:1`). */
export function imageKind(image: string): 'folder' | 'uri' {
  if (/^[./]/.test(image)) return 'folder';
  const [host = ''] = image.split('/');
  return /[:@]/.test(image) || host.includes('.') ? 'uri' : 'folder';
}
