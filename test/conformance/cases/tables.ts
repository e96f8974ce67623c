import type { Case } from '../scenario.ts';
import { connectCases as connect311 } from './3.1.1/connect.ts';
import { operationCases as operation311 } from './3.1.1/operation.ts';
import { publishCases as publish311 } from './3.1.1/publish.ts';
import { subscribeCases as subscribe311 } from './3.1.1/subscribe.ts';
import { connackCases } from './5/connack.ts';
import { connectCases } from './5/connect.ts';
import { disconnectCases } from './5/disconnect.ts';
import { encodingCases } from './5/encoding.ts';
import { operationCases } from './5/operation.ts';
import { publishCases } from './5/publish.ts';
import { subscribeCases } from './5/subscribe.ts';

/** All cases, by the protocol they belong to. */
export const tables: { readonly [Protocol in '3.1.1' | '5']: readonly Case[] } = {
  '3.1.1': [...connect311, ...publish311, ...subscribe311, ...operation311],
  '5': [
    ...encodingCases,
    ...connectCases,
    ...connackCases,
    ...publishCases,
    ...subscribeCases,
    ...disconnectCases,
    ...operationCases,
  ],
};
