export const said = "the first words";
