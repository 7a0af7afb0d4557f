"""A Django project in one file, as django-admin would make it: DEBUG, ALLOWED_HOSTS empty, the CSRF check on."""
import sys

from django import forms
from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import path

settings.configure(
    DEBUG=True, SECRET_KEY="only for this test", ROOT_URLCONF=__name__, ALLOWED_HOSTS=[],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware", "django.middleware.clickjacking.XFrameOptionsMiddleware"])


class Form(forms.Form):
    name = forms.CharField()


def page(request):
    form = Form(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return HttpResponse(f"<p id=said>hello {form.cleaned_data['name']}</p>")
    token = get_token(request)
    return HttpResponse(f"<form method=post><input type=hidden name=csrfmiddlewaretoken value={token}>"
                        f"{form.as_p()}<button id=send>send</button></form>")


urlpatterns = [path("", page)]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
