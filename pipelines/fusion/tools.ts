import { defineTool } from '../../src/pipeline/tool.ts';

export const picard = defineTool({
  name: 'picard',
  commands: [['picard'], ['java', '-jar', '/usr/share/java/picard.jar']],
  version: { args: ['SamToFastq', '--version'], pattern: /Version:\s*(\S+)/ },
  install: { debian: 'openjdk-17-jre-headless libpicard-java', conda: 'picard' },
});

export const samtools = defineTool({
  name: 'samtools',
  commands: [['samtools']],
  version: { args: ['--version'], pattern: /^samtools (\S+)/m },
  install: { debian: 'samtools', conda: 'samtools' },
});

/** For building an index, which every version supports. */
export const kallistoIndex = defineTool({
  name: 'kallisto',
  commands: [['kallisto']],
  version: { args: ['version'], pattern: /version (\S+)/ },
  install: { debian: 'kallisto', conda: 'kallisto' },
});

/**
 * Versions 0.43.1 to 0.48.0, and 0.52.0 and later; those between accept the flag and print "TODO". The usage text does
 * not reveal this.
 */
const HAS_FUSION = /version (?!0\.(?:[0-3]?\d|4[0-2]|5[01])\.|0\.43\.0)\d/;

export const kallisto = defineTool({
  ...kallistoIndex,
  requires: {
    args: ['version'],
    pattern: HAS_FUSION,
    message:
      'This kallisto cannot search for fusions: 0.50 and 0.51 lack --fusion. Use 0.46.1, 0.48.0, or 0.52.0 and later',
  },
});

/** `--version-check OFF`: otherwise SeqAn's option parser runs wget and writes into the home directory. */
export const pizzly = defineTool({
  name: 'pizzly',
  commands: [['pizzly']],
  version: { args: ['--version', '--version-check', 'OFF'], pattern: /pizzly version: (\S+)/ },
  install: { debian: 'pizzly', conda: 'pizzly' },
});

/** Sorts files of any size with little memory. */
export const sort = defineTool({
  name: 'sort',
  commands: [['sort']],
  version: { args: ['--version'], pattern: /coreutils\) (\S+)/ },
  install: { debian: 'coreutils', conda: 'coreutils' },
});
