// The no-op pipeline as Nextflow runs it.
process A {
  input: tuple val(sample), path(file)
  output: tuple val(sample), path("${sample}.a")
  script: "\$STEP $file ${sample}.a"
}
process B {
  input: tuple val(sample), path(file)
  output: tuple val(sample), path("${sample}.b")
  script: "\$STEP $file ${sample}.b"
}
process C {
  publishDir 'out', mode: 'copy'
  input: tuple val(sample), path(file)
  output: tuple val(sample), path("${sample}.c")
  script: "\$STEP $file ${sample}.c"
}
workflow {
  Channel.fromPath('in/*.txt').map { file -> tuple(file.baseName, file) } | A | B | C
}
