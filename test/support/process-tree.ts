import { spawnSync } from 'node:child_process';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): Process[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return [...stdout.matchAll(/^ *(\d+) +(\d+) (.*)$/gm)].map(([, pid, parent, command = '']) => {
    return { pid: Number(pid), parent: Number(parent), command };
  });
}

/** Of a process and all that it started, and those started; as much as is there. */
function treeOf(pid: number): Process[] {
  const all = processes();
  const tree = all.filter((each) => each.pid === pid);
  // Grows while it is walked; a process has one parent.
  for (const { pid: parent } of tree) tree.push(...all.filter((each) => each.parent === parent));
  return tree;
}

/** For those that put what they start into groups of their own. @param of all by default */
export function killTree(pid: number, of: (command: string) => boolean = () => true): void {
  for (const each of treeOf(pid).filter(({ command }) => of(command))) {
    try {
      process.kill(each.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}
