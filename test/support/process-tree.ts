import { spawnSync } from 'node:child_process';

/** Of a process and all that it started, and those started. */
function treeOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const processes = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [pid];
  // Grows while it is walked; a process has one parent.
  for (const parent of tree) {
    for (const [child, parentOfChild] of processes) {
      if (parentOfChild === parent && child !== undefined) tree.push(child);
    }
  }
  return tree;
}

/** For those that put what they start into groups of their own. */
export function killTree(pid: number): void {
  for (const each of treeOf(pid)) {
    try {
      process.kill(each, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
