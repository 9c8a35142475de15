// Loaded before the command line: its pipes pass for a terminal of 80 columns and 20 lines, which SIGUSR2 makes 40 columns wide. What is
// done to the keyboard is told on stderr.
Object.assign(process.stdout, { isTTY: true, columns: 80, rows: 20 })
process.stdin.isTTY = true
process.stdin.setRawMode = (raw) => process.stderr.write(`raw ${raw}\n`)
process.on('SIGUSR2', () => {
  process.stdout.columns = 40
  process.stdout.emit('resize')
})
