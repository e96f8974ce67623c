import { tables } from './cases/tables.ts';
import { runCases } from './run-case.ts';

runCases('MQTT 5', 5, tables['5']);
