import { tables } from './cases/tables.ts';
import { runCases } from './run-case.ts';

runCases('MQTT 3.1.1', 4, tables['3.1.1']);
