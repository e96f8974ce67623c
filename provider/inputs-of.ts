/** How the fields of a spec are written in a program: each value may still be on its way. */
import type { Input } from '@pulumi/pulumi';

type Scalar = string | number | boolean | undefined;

/** What is documented of a field of `T` is documented of it here, too. */
export type InputsOf<T> = T extends Scalar
  ? Input<T>
  : T extends readonly (infer Item)[]
    ? Input<readonly InputsOf<Item>[]>
    : Input<FieldsOf<T>>;

export type FieldsOf<T> = { readonly [Field in keyof T]: InputsOf<T[Field]> };
