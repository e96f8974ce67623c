/** How the fields of a spec are written in a program: each value may still be on its way. */
import type { Input } from '@pulumi/pulumi';

type Scalar = string | number | boolean | undefined;

/**
 * What is documented of a field of `T` is documented of it here, too. A union of scalars stays one,
 * so that an output of any of them fits.
 */
export type InputsOf<T> = [T] extends [Scalar] ? Input<T> : PartsOf<T>;

type PartsOf<T> = T extends Scalar
  ? Input<T>
  : T extends readonly (infer Item)[]
    ? Input<readonly InputsOf<Item>[]>
    : Input<FieldsOf<T>>;

export type FieldsOf<T> = { readonly [Field in keyof T]: InputsOf<T[Field]> };
