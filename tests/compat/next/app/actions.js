"use server";

export async function greet(_, form) {
  return `hello ${form.get("name")}`;
}
