/**
 * The tables of cases. A case begins with the statements it shows and a title, and goes on with
 * what is done and must be seen, a step a line, indented:
 *
 *     [MQTT-3.12.4-1] PINGREQ is answered
 *       connect                  CONNECT of the client "dev", and its CONNACK
 *       > c0 00                  it sends these bytes
 *       < d0 00                  these come next
 *       < nothing                and no more
 *
 * Other steps: `open` (TLS alone), `connect persistent` (a session that stays, taken up again),
 * `leave` (DISCONNECT), `drop` (the network goes), `wait 90 s`, `< closed` (the server ends the
 * connection, with nothing before). A name in front speaks of another client: `peer > c0 00`.
 */
import assert from 'node:assert/strict';

export interface Step {
  readonly client: string;
  readonly action: string;
  readonly rest: string;
}

export interface Case {
  /** Without brackets: `MQTT-3.12.4-1`. */
  readonly statements: readonly string[];
  readonly title: string;
  readonly steps: readonly Step[];
}

const HEAD = /^((?:\[MQTT-[\d.]+-\d+\] )+)(\S.*)$/;
const STEP = new RegExp(
  [
    String.raw`^ {2}(?:(?<name>[a-z]+) (?=[<>]|open|connect|leave|drop))?`,
    String.raw`(?<action>open|connect|leave|drop|wait|[<>])(?: (?<rest>.*))?$`,
  ].join(''),
);

export function parseCases(table: string): Case[] {
  const cases: { statements: string[]; title: string; steps: Step[] }[] = [];
  for (const line of table.split('\n')) {
    if (line.trim() === '') continue;
    const head = HEAD.exec(line);
    if (head !== null) {
      const statements = [...head[1]!.matchAll(/MQTT-[\d.]+-\d+/g)].map(([statement]) => statement);
      cases.push({ statements, title: head[2]!, steps: [] });
      continue;
    }
    const step = STEP.exec(line)?.groups;
    assert(step !== undefined && cases.length > 0, `not understood: ${line}`);
    const { name = 'dev', action, rest = '' } = step;
    cases.at(-1)!.steps.push({ client: name, action: action!, rest });
  }
  return cases;
}
