/** Bounds of an EventSubscription's filter; ADR 22. */

/** "25 advanced filters [...] per Event Grid subscription": Event Grid, "Event filtering". */
export const ADVANCED_FILTERS_MAX = 25;

/** "25 filter values across all the filters": the same. A range is one value. */
export const FILTER_VALUES_MAX = 25;

/** Characters: "512 characters per string value", the same. */
export const FILTER_STRING_LENGTH_MAX = 512;

/** Characters of a key. Ours: a key is read by people. */
export const FILTER_KEY_LENGTH_MAX = 512;

/** Names behind `data` in a key. Ours: bounds the walk into the data of each event. */
export const DATA_KEY_DEPTH_MAX = 16;

/** Characters of what a subject begins or ends with. Ours: a topic has 256 bytes by default. */
export const SUBJECT_PART_LENGTH_MAX = 1024;

/** Ours. */
export const EVENT_TYPES_MAX = 100;

/** Characters of an event's type. Ours. */
export const EVENT_TYPE_LENGTH_MAX = 256;
