// Package answer holds what every answer is made of: tables of typed cells, pages of lists, the
// coverage of figures, notes, and the words of errors. It fits an answer into the tokens that it
// may take, and masks phone numbers in it by the types of its texts. An answer has two halves, a
// structure and a text, and each says everything.
package answer
