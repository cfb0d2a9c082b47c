package report

import (
	"reflect"
	"testing"
)

// What is kept shares no list with what is lent: a list that Clone forgets is found here. Events and Places are
// another matter: their lists are not written to again.
func TestCloneSharesNothing(t *testing.T) {
	var lent Reset
	fill(reflect.ValueOf(&lent).Elem())
	shared(t, "Reset", reflect.ValueOf(lent), reflect.ValueOf(*lent.Clone()))
}

// fill gives each list in v one element, and each list in a statement; and each pointer something to point at.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		if v.Type().Elem() == reflect.TypeFor[Evidence]() {
			fill(v.Index(0))
		}
	}
}

// shared fails where a list of a is the list of b, or both point at the same.
func shared(t *testing.T, path string, a, b reflect.Value) {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			shared(t, path+"."+a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	case reflect.Pointer:
		if !a.IsNil() && a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
		}
	case reflect.Slice:
		if a.Len() > 0 && a.Pointer() == b.Pointer() {
			t.Errorf("%s is shared", path)
			return
		}
		for i := range a.Len() {
			shared(t, path, a.Index(i), b.Index(i))
		}
	}
}
